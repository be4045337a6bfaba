BEGIN { printf("[%s]", strrchr("abcabc", 98)); printf("[%s]", strrchr("abc", 122)); printf("\n"); exit(0); }
