inline int on = 1; inline int off = 0;
BEGIN /off/ { printf("off\n"); } BEGIN /on && !off/ { printf("on\n"); exit(0); }
