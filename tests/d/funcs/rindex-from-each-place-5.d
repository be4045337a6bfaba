BEGIN { printf("%d ", rindex("abc", "")); }
BEGIN { printf("%d ", rindex("abc", "", -3)); }
BEGIN { printf("%d ", rindex("abc", "", -1)); }
BEGIN { printf("%d ", rindex("abc", "", 0)); }
BEGIN { printf("%d ", rindex("abc", "", 1)); }
BEGIN { printf("%d ", rindex("abc", "", 2)); }
BEGIN { printf("%d ", rindex("abc", "", 3)); }
BEGIN { printf("%d ", rindex("abc", "", 5)); }
BEGIN { printf("%d ", rindex("abc", "", 7)); }
BEGIN { printf("%d ", rindex("abc", "", 8)); }
BEGIN { printf("%d ", rindex("abc", "", 9)); }
BEGIN { printf("%d ", rindex("abc", "", 10)); }
BEGIN { printf("%d ", rindex("abc", "", 300)); }
BEGIN { printf("\n"); exit(0); }
