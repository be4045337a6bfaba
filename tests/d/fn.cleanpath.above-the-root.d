BEGIN { printf("[%s]", cleanpath("/../a")); printf("\n"); exit(0); }
