int a[nosuch];
BEGIN { exit(0); }
