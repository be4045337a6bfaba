BEGIN { x = probename ? 1 : 2; }
