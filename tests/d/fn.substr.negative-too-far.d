BEGIN { printf("[%s]", substr("hello", -6)); printf("[%s]", substr("hello", -7, 3)); printf("[%s]", substr("hello", -7, 2)); printf("\n"); exit(0); }
