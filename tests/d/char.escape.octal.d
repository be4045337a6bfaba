/* One to three octal digits. */
BEGIN { printf("%d %d %d %d\n", '\0', '\7', '\12', '\101'); exit(0); }
