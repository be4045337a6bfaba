this int x; this string x;
BEGIN { exit(0); }
