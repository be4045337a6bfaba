BEGIN { x = x; }
