/* Nothing is read before BEGIN is over, and 4096 bytes have no room for two of these records. */
BEGIN { printf("first\n"); }
BEGIN { this->m = alloca(2048); tracemem(this->m, 2048, 0); }
BEGIN { tracemem(this->m, 2048, 0); }
BEGIN { tracemem(this->m, 2048, 0); }
BEGIN { exit(0); }
