BEGIN { printf("[%-*d][%0*d]\n", 5, 7, 5, 7); exit(0); }
