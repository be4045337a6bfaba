BEGIN { index(1, "x"); }
