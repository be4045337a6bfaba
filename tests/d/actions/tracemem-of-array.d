unsigned char a[4];
BEGIN { a[0] = 65; a[3] = 66; tracemem(&a[0], 4); exit(0); }
