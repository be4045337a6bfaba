BEGIN { puts("x"); }
