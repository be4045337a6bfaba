BEGIN /"yes"/ { exit(0); }
