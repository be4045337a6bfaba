BEGIN { printf("[%s]", strchr("abcabc", 98)); printf("[%s]", strchr("abcabc", 0x63)); printf("\n"); exit(0); }
