/* one /* two */ three */ BEGIN { exit(0); }
