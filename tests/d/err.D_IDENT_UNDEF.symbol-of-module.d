BEGIN { x = &nosuchmodule`vfs_read; }
