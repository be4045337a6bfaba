BEGIN { x = 0; y = (0 && ++x) || (1 || ++x); z = (1 && ++x) ^^ (0 || ++x); printf("%d %d %d\n", x, y, z); exit(0); }
