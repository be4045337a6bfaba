/*
 * question: which system calls fail, for whom, and why?
 * output:   a row for each process, call and error
 * filter:   syscall:::return
 * example:  -c 'ls /nonexistent' --top 10
 * key:      pid    pid       number process
 * key:      comm   execname  text   command
 * key:      call   probefunc text   system call
 * key:      error  errno     errno  error
 * value:    failed number    how often
 */
#pragma D option quiet

syscall:::return
/errno/
{
	@failed[pid, execname, probefunc, errno] = count();
}
