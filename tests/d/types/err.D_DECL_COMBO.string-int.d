string int x;
BEGIN { exit(0); }
