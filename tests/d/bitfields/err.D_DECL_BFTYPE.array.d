struct s { int a[2] : 3; };
BEGIN { exit(0); }
