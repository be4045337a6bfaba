BEGIN { printf("%d %d %d\n", PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID); exit(0); }
