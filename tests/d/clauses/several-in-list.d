BEGIN, END { n++; printf("%d %s\n", n, probename); } BEGIN { exit(0); }
