enum c { RED, BLUE }; 
BEGIN { a[RED] = 10; a[BLUE] = 20; printf("%d %d\n", a[0], a[BLUE]); exit(0); }
