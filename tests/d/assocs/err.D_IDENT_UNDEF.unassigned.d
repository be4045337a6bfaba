BEGIN { trace(a["x", 1]); }
