BEGIN { @ = count(); trunc(@); printa("row\n", @); printf("-\n"); exit(0); }
