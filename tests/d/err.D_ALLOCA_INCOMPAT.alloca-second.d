BEGIN { x = (int *)4096; x = (int *)alloca(4); }
