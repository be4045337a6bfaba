BEGIN { printf("[%s]", strchr("abc", 122)); printf("\n"); exit(0); }
