string s;
BEGIN { s = "a"; s = NULL; printf("[%s] %d\n", s, s == NULL); exit(0); }
