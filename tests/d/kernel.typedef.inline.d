inline u16 big = 65537;
BEGIN { printf("%d\n", big); exit(0); }
