BEGIN { printf("[%s]", cleanpath("a/b")); printf("[%s]", cleanpath("a/./b")); printf("\n"); exit(0); }
