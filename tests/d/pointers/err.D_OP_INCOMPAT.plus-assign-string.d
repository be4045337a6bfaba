int *p;
BEGIN { p += curthread; }
