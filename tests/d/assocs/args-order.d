BEGIN { i = 0; printf("%d %d %d\n", i++, i++, i++); exit(0); }
