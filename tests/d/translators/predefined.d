BEGIN { this->i = xlate < psinfo_t > (curthread); printf("%d %d\n", this->i.pr_pid == pid, this->i.pr_fname == execname); exit(0); }
