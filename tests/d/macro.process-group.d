BEGIN { printf("%d %d\n", $pgid > 0, $sid > 0); exit(0); }
