BEGIN /strlen(probename) == 5/ { printf("%d\n", strstr(probename, "GIN") == "GIN"); exit(0); }
