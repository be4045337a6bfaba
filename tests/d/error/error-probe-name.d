BEGIN { trace(*(int *)0); } ERROR { printf("%s:%s:%s:%s %d\n", probeprov, probemod, probefunc, probename, id == 3); exit(0); }
