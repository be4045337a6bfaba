typedef unsigned short word; inline word w = 65537; inline uint8_t b = 300; inline int *p = (int *)64; inline string s = "t"; inline char c = 'c';
BEGIN { printf("%d %d %p %s %c %d\n", w, b, p + 1, s, c, sizeof (w)); exit(0); }
