BEGIN { printf("%hs", "x"); }
