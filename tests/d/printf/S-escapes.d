BEGIN { printf("%S|%S\n", "a\tb", "q\"\\\n"); exit(0); }
