BEGIN { speculate(1); copyout(alloca(8), 4096, 8); }
