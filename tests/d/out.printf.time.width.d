BEGIN { printf("[%22Y][%-22Y]\n", 0L, 0L); exit(0); }
