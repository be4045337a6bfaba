BEGIN { printf("%d ", index("foobarbaz", "ba")); }
BEGIN { printf("%d ", index("foobarbaz", "ba", -3)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", -1)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 0)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 1)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 2)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 3)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 5)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 7)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 8)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 9)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 10)); }
BEGIN { printf("%d ", index("foobarbaz", "ba", 300)); }
BEGIN { printf("\n"); exit(0); }
