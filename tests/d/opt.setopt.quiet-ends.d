BEGIN { printf("a\n"); setopt("quiet", "no"); }
BEGIN { printf("b"); setopt("quiet"); }
BEGIN { printf("c\n"); exit(0); }
