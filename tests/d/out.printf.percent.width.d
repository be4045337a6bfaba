BEGIN { printf("[%5%][%-3%][%d]\n", 7); exit(0); }
