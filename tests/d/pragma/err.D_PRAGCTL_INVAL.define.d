#define X 1
BEGIN { exit(X); }
