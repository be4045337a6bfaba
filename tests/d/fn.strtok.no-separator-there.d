BEGIN { printf("[%s]", strtok("abc", ",")); printf("[%s]\n", strtok(NULL, ",")); exit(0); }
