/* The remainder has the sign of the dividend. */
BEGIN { printf("%d %d %d %d\n", 7 % 3, -7 % 3, 7 % -3, -7 % -3); exit(0); }
