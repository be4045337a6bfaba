BEGIN { printf("[%d]", rindex("hello", "l", -1)); printf("[%d]", rindex("hello", "h", -1)); printf("\n"); exit(0); }
