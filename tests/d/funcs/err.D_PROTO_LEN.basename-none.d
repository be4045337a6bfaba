BEGIN { basename(); }
