#define BODY { printf("b\n"); \
	exit(0); }
BEGIN BODY
