BEGIN { trace(SIGKILL); }
