enum pid_type t;
BEGIN { t = PIDTYPE_TGID; printf("%d %d\n", t == 1, sizeof (enum pid_type)); exit(0); }
