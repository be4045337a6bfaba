BEGIN { printf("[%d]", rindex("hello", "l")); printf("[%d]", rindex("hello", "he")); printf("[%d]", rindex("hello", "x")); printf("\n"); exit(0); }
