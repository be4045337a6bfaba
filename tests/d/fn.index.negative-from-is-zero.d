BEGIN { printf("[%d]", index("hello", "h", -1)); printf("[%d]", index("hello", "l", -10)); printf("\n"); exit(0); }
