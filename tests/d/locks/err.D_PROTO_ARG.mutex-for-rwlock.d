BEGIN { trace(rw_read_held((struct mutex *)0)); }
