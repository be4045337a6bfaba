BEGIN { a = 1; } BEGIN /a/ { printf("yes\n"); a = 0; } BEGIN /a/ { printf("no\n"); } BEGIN /!a/ { printf("done\n"); exit(0); }
