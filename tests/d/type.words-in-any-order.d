long unsigned int a; short int b; int long long unsigned c; signed d; char unsigned e;
BEGIN { printf("%d %d %d %d %d\n", sizeof (a), sizeof (b), sizeof (c), sizeof (d), sizeof (e)); exit(0); }
