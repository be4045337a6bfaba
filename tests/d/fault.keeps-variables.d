/* What the clause assigned before the fault stays. */
BEGIN { a = 1; z = 0; b = 5 / z; c = 3; }
BEGIN { c = c; printf("%d %d\n", a, c); exit(0); }
