BEGIN { x = (int *)alloca(4); x = (int *)4096; }
