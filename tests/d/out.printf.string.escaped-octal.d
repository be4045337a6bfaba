BEGIN { printf("[%S]\n", "\001\177"); exit(0); }
