BEGIN { ntohll(1, 2); }
