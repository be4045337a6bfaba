BEGIN { trace(rw_write_held("x")); }
