BEGIN { p = 1 ? (int *)alloca(8) : (int *)curthread; }
