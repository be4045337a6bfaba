BEGIN { @ = count(); } BEGIN { exit(0); }
