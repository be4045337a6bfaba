inline int k`x = 0;
BEGIN { exit(0); }
