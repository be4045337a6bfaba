inline int x = nosuch;
BEGIN { exit(0); }
