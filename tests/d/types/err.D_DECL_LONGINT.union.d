union u { int a; }; long union u x;
BEGIN { exit(0); }
