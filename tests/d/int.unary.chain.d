BEGIN { x = 5; printf("%d %d %d\n", - -x, !!x, ~~x); exit(0); }
