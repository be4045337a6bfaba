BEGIN { printf("[%s]", substr("", 0)); printf("[%s]", substr("", 0, 3)); printf("[%s]", substr("", -1)); printf("\n"); exit(0); }
