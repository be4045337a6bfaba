struct nosuch v;
BEGIN { exit(0); }
