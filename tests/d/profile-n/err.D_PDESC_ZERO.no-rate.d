profile- { exit(0); }
