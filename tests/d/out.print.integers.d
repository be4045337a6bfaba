BEGIN { print(5); print(-5L); print((char)65); exit(0); }
