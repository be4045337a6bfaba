BEGIN { printf("%d %d %d %d\n", 0XaF, 0xffUL, 07u, 1l); exit(0); }
