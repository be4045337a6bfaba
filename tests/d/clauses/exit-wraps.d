BEGIN { exit(256 + 3); }
