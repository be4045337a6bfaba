BEGIN { printf("[%s][%s][%d]\n", strstr("abab", "ab"), strstr("abab", ""), strstr("", "a") == NULL); exit(0); }
