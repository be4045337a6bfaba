BEGIN { *(int *)&`vfs_read = 1; }
