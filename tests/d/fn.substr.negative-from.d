BEGIN { printf("[%s]", substr("hello", -1)); printf("[%s]", substr("hello", -5)); printf("\n"); exit(0); }
