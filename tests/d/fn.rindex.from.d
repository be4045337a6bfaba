BEGIN { printf("[%d]", rindex("hello", "l", 2)); printf("[%d]", rindex("hello", "l", 1)); printf("[%d]", rindex("hello", "l", 99)); printf("\n"); exit(0); }
