BEGIN { printf("[%s]", substr("hello", 0)); printf("[%s]", substr("hello", 2)); printf("[%s]", substr("hello", 4)); printf("\n"); exit(0); }
