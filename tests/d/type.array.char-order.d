char a[4]; char b[4];
BEGIN { a = "abc"; b = "abd"; printf("%d %d %d\n", a < b, a == b, a != "abc"); exit(0); }
