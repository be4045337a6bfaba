BEGIN { index("a"); }
