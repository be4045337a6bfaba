BEGIN { do { } while (0); }
