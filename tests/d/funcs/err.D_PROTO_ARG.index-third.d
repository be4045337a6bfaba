BEGIN { index("x", "y", "z"); }
