BEGIN { printf("[%d]", htons(0xff1234) == 0x3412); printf("\n"); exit(0); }
