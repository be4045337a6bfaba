BEGIN { printf("[%s]", strstr("abc", "x")); printf("[%s]", strstr("abc", "abcd")); printf("\n"); exit(0); }
