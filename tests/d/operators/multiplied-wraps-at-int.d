BEGIN { a = 65536; printf("%d %d %d\n", a * a, 65536 * 65536, (long)a * a); exit(0); }
