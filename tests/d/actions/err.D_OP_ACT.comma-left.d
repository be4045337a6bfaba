BEGIN { trace(1), x = 1; }
