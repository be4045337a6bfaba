BEGIN { raise(1, 2); }
