BEGIN { printf("[%s]", strjoin("", "")); printf("[%s]", strjoin("a", "")); printf("[%s]", strjoin("", "b")); printf("\n"); exit(0); }
