inline int twice[int x] = x * 2; inline string pick[int n] = n == 1 ? "one" : n == 2 ? "two" : "many";
BEGIN { printf("%d %s %s %s\n", twice[4 + 1], pick[1], pick[2], pick[7]); exit(0); }
