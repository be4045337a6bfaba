BEGIN { trace(pid > 0); exit(0); }
