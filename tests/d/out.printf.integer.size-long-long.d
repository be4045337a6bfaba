BEGIN { printf("[%lld][%llu][%llx]\n", -1LL, 1ULL, 255LL); exit(0); }
