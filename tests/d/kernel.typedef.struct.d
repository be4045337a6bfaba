/* A typedef of a struct has its members. */
kuid_t k;
BEGIN { k.val = 7; printf("%d %d\n", k.val, sizeof (kuid_t)); exit(0); }
