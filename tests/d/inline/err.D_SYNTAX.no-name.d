inline int = 1;
BEGIN { exit(0); }
