inline int add[int a, int b] = a + b; inline string lead[string s, string t] = strjoin(s, t);
BEGIN { printf("%d %s\n", add[1, add[2, 3]], lead["a", "b"]); exit(0); }
