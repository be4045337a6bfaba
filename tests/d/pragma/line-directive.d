# 50 "other.d"
BEGIN { printf("x\n"); exit(0); }
