BEGIN { trace(sizeof ()); }
