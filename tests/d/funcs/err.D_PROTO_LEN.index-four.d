BEGIN { index("a", "b", 1, 2); }
