/* The kernel's typedefs need no declaration. */
u32 a; __u64 b; s8 c;
BEGIN { a = -1; b = -1; c = 200; printf("%u %x %d %d\n", a, b, c, sizeof (loff_t)); exit(0); }
