BEGIN { printf("%d %x %u\n", (long)(char)-1, (unsigned int)(char)-1, (unsigned char)-1); exit(0); }
