enum { N = 3 }; 
int a[N * 2];
BEGIN { printf("%d\n", sizeof (a)); exit(0); }
