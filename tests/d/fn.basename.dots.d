BEGIN { printf("[%s]", basename("..")); printf("[%s]", basename("/a/.")); printf("[%s]", dirname("..")); printf("[%s]", dirname("/a/.")); printf("\n"); exit(0); }
