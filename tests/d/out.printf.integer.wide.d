BEGIN { printf("[%d][%u][%x]\n", 0x7fffffffffffffff, 0xffffffffffffffff, 0x8000000000000000); exit(0); }
