float f; BEGIN { printf("%d", f); }
