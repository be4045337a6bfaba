BEGIN { printf("[%s]", substr("hello", 1, -1)); printf("[%s]", substr("hello", 0, -5)); printf("[%s]", substr("hello", -3, -1)); printf("\n"); exit(0); }
