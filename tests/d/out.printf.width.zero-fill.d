BEGIN { printf("[%06d][%06d][%06x]\n", 42, -42, 255); exit(0); }
