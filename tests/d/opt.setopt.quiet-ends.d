BEGIN { printf("a"); setopt("quiet", "no"); }
BEGIN { printf("b"); setopt("quiet"); }
BEGIN { printf("c\n"); exit(0); }
