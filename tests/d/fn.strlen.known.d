BEGIN { printf("[%d]", strlen("")); printf("[%d]", strlen("a")); printf("[%d]", strlen("hello")); printf("[%d]", strlen("é")); printf("\n"); exit(0); }
