#define PRED /x == 3/
BEGIN { x = 3; }
BEGIN PRED { printf("three\n"); exit(0); }
