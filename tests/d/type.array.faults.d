long a[3]; BEGIN { i = -1; a[i] = 2; } BEGIN { exit(0); }
