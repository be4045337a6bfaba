BEGIN { printf("[%s]", strjoin("n", lltostr(7))); printf("\n"); exit(0); }
