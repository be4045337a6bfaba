BEGIN { a["n"]++; ++a["n"]; x = a["n"]++; y = --a["n"]; a["n"] += 10; printf("%d %d %d %d\n", a["n"], x, y, a["m"]--); exit(0); }
