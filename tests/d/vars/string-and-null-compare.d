string s;
BEGIN { printf("%d %d ", s == NULL, s == ""); s = "x"; printf("%d %d\n", s == NULL, s != NULL); exit(0); }
