BEGIN { strlen(trace(1)); }
