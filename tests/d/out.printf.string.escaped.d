BEGIN { printf("[%S]\n", "a\tb\nc\\d\"e"); exit(0); }
