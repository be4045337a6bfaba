BEGIN { printf("[%d]", rindex("hello", "")); printf("[%d]", rindex("hello", "", 2)); printf("\n"); exit(0); }
