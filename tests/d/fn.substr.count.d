BEGIN { printf("[%s]", substr("hello", 1, 3)); printf("[%s]", substr("hello", 1, 0)); printf("[%s]", substr("hello", 3, 10)); printf("\n"); exit(0); }
