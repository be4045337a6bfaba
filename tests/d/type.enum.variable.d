enum color { RED = 1, GREEN };
enum color c;
BEGIN { c = GREEN; printf("%d %d %d\n", c, c == 2, sizeof (enum color)); exit(0); }
