BEGIN { printf("[%hd][%hu][%hx]\n", (short)-2, (unsigned short)65534, (short)-2); exit(0); }
