BEGIN { printf("[%d]", index("hello", "")); printf("[%d]", index("hello", "", 3)); printf("[%d]", index("hello", "", 9)); printf("[%d]", index("", "")); printf("\n"); exit(0); }
