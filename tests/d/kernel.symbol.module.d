BEGIN { printf("%d %d\n", &vmlinux`vfs_read == &`vfs_read, &kernel`vfs_read == &`vfs_read); exit(0); }
