BEGIN { x = epid; }
BEGIN { printf("%d %d %d %d\n", x, epid, id, ipl); exit(0); }
END { printf("%d\n", epid); }
