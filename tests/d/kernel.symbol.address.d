/* The kernel lies in the upper half of the address space. */
BEGIN { printf("%d %d\n", (long)&`vfs_read < 0, &`vfs_read == &`vfs_write); exit(0); }
