typedef int a_t; typedef a_t b_t; typedef b_t *c_t; c_t p; b_t v;
BEGIN { v = 5; p = (c_t)16; printf("%d %d %d %p\n", v, sizeof (p), sizeof (*p), p + 1); exit(0); }
