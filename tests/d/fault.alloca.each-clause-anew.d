/* Every clause has scratchsize bytes. */
BEGIN { this->p = alloca(200); }
BEGIN { this->q = alloca(200); printf("reached\n"); exit(0); }
