BEGIN { printf("[%d]", index("hello", "l")); printf("[%d]", index("hello", "lo")); printf("[%d]", index("hello", "x")); printf("\n"); exit(0); }
