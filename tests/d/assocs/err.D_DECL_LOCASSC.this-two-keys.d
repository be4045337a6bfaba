this string a[int, string];
BEGIN { exit(0); }
