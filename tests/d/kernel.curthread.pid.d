BEGIN { printf("%d %d %d\n", curthread->pid == tid, curthread->tgid == pid, stringof(curthread->comm) == execname); exit(0); }
