BEGIN { trace(x = 5); trace(" "); trace(x++); trace(" "); trace(x); exit(0); }
