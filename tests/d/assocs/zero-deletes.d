#pragma D option dynvarsize=4096
BEGIN { a[1] = 1; a[1] = 0; a[2] = 2; printf("%d %d\n", a[1], a[2]); exit(0); }
