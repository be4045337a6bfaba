int a[4];
BEGIN { i = -1; trace(a[i]); printf("no"); }
ERROR { printf("fault\n"); exit(0); }
