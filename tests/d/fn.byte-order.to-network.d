BEGIN { printf("[%d]", htons(0x1234) == 0x3412); printf("[%d]", htonl(0x12345678) == 0x78563412); printf("[%d]", htonll(0x1122334455667788) == 0x8877665544332211); printf("\n"); exit(0); }
