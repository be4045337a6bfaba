BEGIN { printf("[%d]", index("hello", "l", 3)); printf("[%d]", index("hello", "l", 4)); printf("[%d]", index("hello", "h", 1)); printf("\n"); exit(0); }
