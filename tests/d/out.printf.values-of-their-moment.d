BEGIN { x = 1; printf("%d ", x); x = 2; printf("%d\n", x); exit(0); }
