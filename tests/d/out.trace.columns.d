BEGIN { trace((char)65); trace((short)-3); trace(70000); trace(5LL); exit(0); }
