BEGIN { printf("%x %d %u\n", (char)-1 + 0, (unsigned char)255 + 1, (short)-1 * 1U); exit(0); }
