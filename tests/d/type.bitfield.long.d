struct f { unsigned long a : 40, b : 24; };
struct f v;
BEGIN { v.a = 0xffffffffff; v.b = 0xabcdef; printf("%x %x %d\n", v.a, v.b, sizeof (v)); exit(0); }
