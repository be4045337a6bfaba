BEGIN { printf("%d ", index("abc", "")); }
BEGIN { printf("%d ", index("abc", "", -3)); }
BEGIN { printf("%d ", index("abc", "", -1)); }
BEGIN { printf("%d ", index("abc", "", 0)); }
BEGIN { printf("%d ", index("abc", "", 1)); }
BEGIN { printf("%d ", index("abc", "", 2)); }
BEGIN { printf("%d ", index("abc", "", 3)); }
BEGIN { printf("%d ", index("abc", "", 5)); }
BEGIN { printf("%d ", index("abc", "", 7)); }
BEGIN { printf("%d ", index("abc", "", 8)); }
BEGIN { printf("%d ", index("abc", "", 9)); }
BEGIN { printf("%d ", index("abc", "", 10)); }
BEGIN { printf("%d ", index("abc", "", 300)); }
BEGIN { printf("\n"); exit(0); }
