BEGIN { printf("[%s]", strtok("a,b", ",")); printf("[%s]", strtok("c,d", ",")); printf("[%s]\n", strtok(NULL, ",")); exit(0); }
