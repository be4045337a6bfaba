BEGIN { printf("[%s]", substr("hello", 5)); printf("[%s]", substr("hello", 50)); printf("\n"); exit(0); }
