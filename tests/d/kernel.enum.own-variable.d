/* A program's variable goes before the kernel's constant. */
BEGIN { PIDTYPE_TGID = 9; printf("%d\n", PIDTYPE_TGID); exit(0); }
