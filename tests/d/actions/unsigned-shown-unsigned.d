BEGIN { trace(-1U); trace(" "); trace((unsigned char)-1); trace(" "); trace((unsigned short)-2); trace(" "); trace(-1UL); exit(0); }
