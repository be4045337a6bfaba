BEGIN { printf("%s %d\n", curthread->nsproxy->uts_ns->name.sysname, curthread->group_leader->tgid == pid); exit(0); }
