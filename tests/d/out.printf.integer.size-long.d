BEGIN { printf("[%ld][%lu][%lx][%li][%lo]\n", -1L, 1UL, 255L, -2L, 8UL); exit(0); }
