BEGIN, nosuch:::probe { exit(0); }
