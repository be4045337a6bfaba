BEGIN { printf("[%C][%C][%C][%C][%C]\n", 65, 10, 9, 0, 200); exit(0); }
