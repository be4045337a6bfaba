BEGIN { speculate(1); copyoutstr("x", 4096, 2); }
