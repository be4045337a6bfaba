BEGIN { printf("%ll", 1); }
