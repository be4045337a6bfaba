#ident "mine"
BEGIN { printf("x\n"); exit(0); }
