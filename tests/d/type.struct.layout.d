/* Members lie at multiples of their alignment; the size is a multiple of the largest. */
struct s { char a; int b; char c; long d; char e; };
BEGIN { printf("%d %d %d %d %d %d\n", offsetof(struct s, a), offsetof(struct s, b), offsetof(struct s, c), offsetof(struct s, d), offsetof(struct s, e), sizeof (struct s)); exit(0); }
