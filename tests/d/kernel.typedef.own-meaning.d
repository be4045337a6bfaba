/* A program's own typedef goes before the kernel's. */
typedef char u32;
BEGIN { printf("%d\n", sizeof (u32)); exit(0); }
