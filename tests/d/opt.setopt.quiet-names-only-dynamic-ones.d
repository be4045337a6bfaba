BEGIN { setopt("strsize", "9"); printf("x\n"); exit(0); }
