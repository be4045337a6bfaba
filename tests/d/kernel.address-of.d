BEGIN { p = &curthread->pid; q = &curthread->comm[1]; printf("%d %d %d\n", *p == tid, *q == execname[1], (long)p - (long)curthread == offsetof(struct task_struct, pid)); exit(0); }
