BEGIN { x = 1; y = x ? (int *)alloca(4) : (int *)4096; }
