int *p; int *q;
BEGIN { p = alloca(8); p = (int *)curthread; }
