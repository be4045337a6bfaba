BEGIN { printf("%d %d %d %d %d\n", sizeof (size_t), sizeof (pid_t), sizeof (uid_t), sizeof (uintptr_t), sizeof (hrtime_t)); exit(0); }
