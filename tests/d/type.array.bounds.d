int a[2][3]; BEGIN { a[1][2] = 7; i = 1; a[i][i] = a[i][i + 1] + 1; printf("%d %d %d\n", a[1][2], a[1][1], sizeof (a)); exit(0); }
