BEGIN { index("x", 1); }
