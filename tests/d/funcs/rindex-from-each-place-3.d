BEGIN { printf("%d ", rindex("aaa", "a")); }
BEGIN { printf("%d ", rindex("aaa", "a", -3)); }
BEGIN { printf("%d ", rindex("aaa", "a", -1)); }
BEGIN { printf("%d ", rindex("aaa", "a", 0)); }
BEGIN { printf("%d ", rindex("aaa", "a", 1)); }
BEGIN { printf("%d ", rindex("aaa", "a", 2)); }
BEGIN { printf("%d ", rindex("aaa", "a", 3)); }
BEGIN { printf("%d ", rindex("aaa", "a", 5)); }
BEGIN { printf("%d ", rindex("aaa", "a", 7)); }
BEGIN { printf("%d ", rindex("aaa", "a", 8)); }
BEGIN { printf("%d ", rindex("aaa", "a", 9)); }
BEGIN { printf("%d ", rindex("aaa", "a", 10)); }
BEGIN { printf("%d ", rindex("aaa", "a", 300)); }
BEGIN { printf("\n"); exit(0); }
