BEGIN { printa(@none); exit(0); }
