BEGIN { printf("%d ", rindex("foobarbaz", "ba")); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", -3)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", -1)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 0)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 1)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 2)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 3)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 5)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 7)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 8)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 9)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 10)); }
BEGIN { printf("%d ", rindex("foobarbaz", "ba", 300)); }
BEGIN { printf("\n"); exit(0); }
