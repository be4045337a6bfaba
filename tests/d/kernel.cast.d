BEGIN { t = (uint64_t)curthread; printf("%d %d\n", ((struct task_struct *)t)->pid == tid, *(pid_t *)(t + offsetof(struct task_struct, pid)) == tid); exit(0); }
