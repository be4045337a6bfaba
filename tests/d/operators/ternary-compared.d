BEGIN { i = 7; printf("%d %d\n", (i > 3 ? "big" : "small") == "big", (i > 9 ? "big" : "small") < "big"); exit(0); }
