BEGIN { x = *`vfs_read; }
