BEGIN { x = exit(0) + 1; }
