BEGIN { printf("%d %d %d\n", (int)(char)(short)0x1ff, (long)(unsigned char)-1, (unsigned char)(int)-2L); exit(0); }
