union u { int a; char b; };
union u v;
BEGIN { v.c = 1; }
