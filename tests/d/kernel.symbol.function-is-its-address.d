BEGIN { printf("%d\n", `vfs_read == &`vfs_read); exit(0); }
