BEGIN { speculate(1, 2); }
