inline int f[int n] = n + 1;
BEGIN { trace(f[1, 2]); }
