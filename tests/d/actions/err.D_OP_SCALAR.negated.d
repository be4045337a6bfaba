BEGIN { !exit(0); }
