BEGIN /$7/ { exit(0); }
