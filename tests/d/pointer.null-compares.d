BEGIN { this->p = (int *)0; printf("%d %d %d\n", this->p == NULL, NULL == 0, this->p == 0); exit(0); }
