BEGIN { printf("%d %d %d %d\n", "a" < "aa", "" < "a", "B" < "a", "z" > "\377"); exit(0); }
