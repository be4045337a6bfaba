string a[int];
BEGIN { a[1] = 1; }
