BEGIN { i = 2; printf("[%s]", i == 1 ? "one" : i == 2 ? "a longer two" : "three"); i = 3; printf("[%s]\n", i == 1 ? "one" : i == 2 ? "two" : ""); exit(0); }
