BEGIN { printf("[%s][%3s][%S]\n", "", "", ""); exit(0); }
