/* One that does not fit into what is left of its type begins a new one. */
struct f { unsigned a : 20, b : 20; };
struct f v;
BEGIN { v.a = 0xfffff; v.b = 0x12345; printf("%x %x %d\n", v.a, v.b, sizeof (v)); exit(0); }
