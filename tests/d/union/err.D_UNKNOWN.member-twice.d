union u { int a; char a; };
BEGIN { exit(0); }
