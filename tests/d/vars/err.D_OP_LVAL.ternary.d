BEGIN { x = 1; y = 2; (1 ? x : y) = 3; }
