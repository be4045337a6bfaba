char c[4];
BEGIN { c = "ab"; n[c] = 4; printf("%d\n", n["ab"]); exit(0); }
