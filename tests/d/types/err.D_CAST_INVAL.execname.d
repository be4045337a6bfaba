BEGIN { trace((long)execname); }
