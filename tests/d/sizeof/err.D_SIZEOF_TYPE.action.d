BEGIN { trace(sizeof (exit(0))); }
