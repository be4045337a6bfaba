BEGIN { `vfs_read = 1; }
