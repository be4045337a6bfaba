dtrace:::BEGINNING { exit(0); }
