BEGIN { this->p = &curthread->pid; printf("%d %d\n", *this->p == tid, (long)this->p - (long)curthread == offsetof(struct task_struct, pid)); exit(0); }
