BEGIN { dirname(1); }
