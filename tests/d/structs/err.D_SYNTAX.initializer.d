struct s { int a; } v = { 1 };
BEGIN { exit(0); }
