BEGIN { printf("%s %s %s\n", lltostr((char)200), lltostr((unsigned char)200), lltostr(-1U)); exit(0); }
