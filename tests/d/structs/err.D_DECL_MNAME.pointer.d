struct s { char *; };
BEGIN { exit(0); }
