int a[string, int]; string b[int];
BEGIN { a["x", 1] = 4; b[7] = "seven"; printf("%d %s %s|\n", a["x", 1], b[7], b[8]); exit(0); }
