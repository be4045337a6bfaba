BEGIN { printf("%p", curpsinfo); }
