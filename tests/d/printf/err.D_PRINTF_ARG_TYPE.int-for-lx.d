BEGIN { printf("%lx", pid); }
