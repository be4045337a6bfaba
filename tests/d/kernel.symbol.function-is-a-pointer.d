BEGIN { printf("%d %d\n", sizeof (`vfs_read), (long)`vfs_read < 0); exit(0); }
