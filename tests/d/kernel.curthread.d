BEGIN { printf("%d %d %d %d\n", curthread->pid == tid, curthread->tgid == pid, curthread->real_parent->tgid == ppid, curthread->comm == execname); exit(0); }
