typedef enum { OFF, ON = 4, MORE } sw_t; sw_t s;
BEGIN { s = MORE; printf("%d %d %d\n", s, ON, sizeof (sw_t)); exit(0); }
