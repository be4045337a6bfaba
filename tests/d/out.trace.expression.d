BEGIN { x = 6; trace(x * 7); exit(0); }
