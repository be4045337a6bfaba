BEGIN, BEGIN { } BEGIN { exit(0); }
