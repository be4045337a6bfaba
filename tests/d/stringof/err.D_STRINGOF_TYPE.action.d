BEGIN { trace(stringof(exit(0))); }
