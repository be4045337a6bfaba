union u { int; };
BEGIN { exit(0); }
