BEGIN { alloca(1, 2); }
