BEGIN { trace(1); trace("a"); trace(2); exit(0); }
