BEGIN { printf("[%d]", ntohs(htons(4660))); printf("[%d]", ntohl(htonl(305419896))); printf("[%d]", ntohll(htonll(5))); printf("\n"); exit(0); }
