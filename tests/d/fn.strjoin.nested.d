BEGIN { printf("[%s]", strjoin(strjoin("a", "b"), strjoin("c", "d"))); printf("\n"); exit(0); }
