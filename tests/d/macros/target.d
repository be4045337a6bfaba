BEGIN { printf("%d\n", $target > 1); exit(0); }
