typedef struct s { char c; long l; } s_t;
BEGIN { printf("%d\n", offsetof(s_t, l)); exit(0); }
