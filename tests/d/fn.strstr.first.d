BEGIN { printf("[%s]", strstr("abcabc", "ca")); printf("[%s]", strstr("abc", "abc")); printf("[%s]", strstr("abc", "")); printf("\n"); exit(0); }
