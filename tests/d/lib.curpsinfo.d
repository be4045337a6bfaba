BEGIN {
	printf("%d %d %d %d\n", curpsinfo->pr_pid == pid, curpsinfo->pr_ppid == ppid, curpsinfo->pr_uid == uid,
	    curpsinfo->pr_fname == execname);
	printf("%d %c\n", curlwpsinfo->pr_lwpid == tid, curlwpsinfo->pr_sname);
	exit(0);
}
