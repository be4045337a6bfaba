BEGIN { printf("a" "b"); }
