dtrace:::*EG* { printf("b\n"); exit(0); }
