BEGIN { printf("%s.", substr("a", -8)); }
BEGIN { printf("%s.", substr("a", -8, 0)); }
BEGIN { printf("%s.", substr("a", -8, 1)); }
BEGIN { printf("%s.", substr("a", -8, 3)); }
BEGIN { printf("%s.", substr("a", -8, 100)); }
BEGIN { printf("%s.", substr("a", -8, -1)); }
BEGIN { printf("%s.", substr("a", -8, -3)); }
BEGIN { printf("%s.", substr("a", -8, -9)); }
BEGIN { printf("%s.", substr("a", -6)); }
BEGIN { printf("%s.", substr("a", -6, 0)); }
BEGIN { printf("%s.", substr("a", -6, 1)); }
BEGIN { printf("%s.", substr("a", -6, 3)); }
BEGIN { printf("%s.", substr("a", -6, 100)); }
BEGIN { printf("%s.", substr("a", -6, -1)); }
BEGIN { printf("%s.", substr("a", -6, -3)); }
BEGIN { printf("%s.", substr("a", -6, -9)); }
BEGIN { printf("%s.", substr("a", -3)); }
BEGIN { printf("%s.", substr("a", -3, 0)); }
BEGIN { printf("%s.", substr("a", -3, 1)); }
BEGIN { printf("%s.", substr("a", -3, 3)); }
BEGIN { printf("%s.", substr("a", -3, 100)); }
BEGIN { printf("%s.", substr("a", -3, -1)); }
BEGIN { printf("%s.", substr("a", -3, -3)); }
BEGIN { printf("%s.", substr("a", -3, -9)); }
BEGIN { printf("%s.", substr("a", -1)); }
BEGIN { printf("%s.", substr("a", -1, 0)); }
BEGIN { printf("%s.", substr("a", -1, 1)); }
BEGIN { printf("%s.", substr("a", -1, 3)); }
BEGIN { printf("%s.", substr("a", -1, 100)); }
BEGIN { printf("%s.", substr("a", -1, -1)); }
BEGIN { printf("%s.", substr("a", -1, -3)); }
BEGIN { printf("%s.", substr("a", -1, -9)); }
BEGIN { printf("%s.", substr("a", 0)); }
BEGIN { printf("%s.", substr("a", 0, 0)); }
BEGIN { printf("%s.", substr("a", 0, 1)); }
BEGIN { printf("%s.", substr("a", 0, 3)); }
BEGIN { printf("%s.", substr("a", 0, 100)); }
BEGIN { printf("%s.", substr("a", 0, -1)); }
BEGIN { printf("%s.", substr("a", 0, -3)); }
BEGIN { printf("%s.", substr("a", 0, -9)); }
BEGIN { printf("%s.", substr("a", 1)); }
BEGIN { printf("%s.", substr("a", 1, 0)); }
BEGIN { printf("%s.", substr("a", 1, 1)); }
BEGIN { printf("%s.", substr("a", 1, 3)); }
BEGIN { printf("%s.", substr("a", 1, 100)); }
BEGIN { printf("%s.", substr("a", 1, -1)); }
BEGIN { printf("%s.", substr("a", 1, -3)); }
BEGIN { printf("%s.", substr("a", 1, -9)); }
BEGIN { printf("%s.", substr("a", 5)); }
BEGIN { printf("%s.", substr("a", 5, 0)); }
BEGIN { printf("%s.", substr("a", 5, 1)); }
BEGIN { printf("%s.", substr("a", 5, 3)); }
BEGIN { printf("%s.", substr("a", 5, 100)); }
BEGIN { printf("%s.", substr("a", 5, -1)); }
BEGIN { printf("%s.", substr("a", 5, -3)); }
BEGIN { printf("%s.", substr("a", 5, -9)); }
BEGIN { printf("%s.", substr("a", 6)); }
BEGIN { printf("%s.", substr("a", 6, 0)); }
BEGIN { printf("%s.", substr("a", 6, 1)); }
BEGIN { printf("%s.", substr("a", 6, 3)); }
BEGIN { printf("%s.", substr("a", 6, 100)); }
BEGIN { printf("%s.", substr("a", 6, -1)); }
BEGIN { printf("%s.", substr("a", 6, -3)); }
BEGIN { printf("%s.", substr("a", 6, -9)); }
BEGIN { printf("%s.", substr("a", 9)); }
BEGIN { printf("%s.", substr("a", 9, 0)); }
BEGIN { printf("%s.", substr("a", 9, 1)); }
BEGIN { printf("%s.", substr("a", 9, 3)); }
BEGIN { printf("%s.", substr("a", 9, 100)); }
BEGIN { printf("%s.", substr("a", 9, -1)); }
BEGIN { printf("%s.", substr("a", 9, -3)); }
BEGIN { printf("%s.", substr("a", 9, -9)); }
BEGIN { printf("\n"); exit(0); }
