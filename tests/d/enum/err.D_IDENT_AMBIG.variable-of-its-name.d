BEGIN { PIDTYPE_PGID = 3; trace((enum pid_type)1 == PIDTYPE_PGID); }
