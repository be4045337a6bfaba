BEGIN { substr("a", 1, 2, 3); }
