tick- { exit(0); }
