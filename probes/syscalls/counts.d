/*
 * question: which system calls are made, how often, and how many of them fail?
 * output:   a row for each call
 * example:  -c 'cat /etc/hostname' --top 8
 * filter:   syscall:::return
 * key:      call probefunc text system call
 * value:    calls number how many have returned
 * value:    failed number how many of them with an error
 */
#pragma D option quiet

syscall:::return
{
	@calls[probefunc] = count();
	@failed[probefunc] = sum(errno != 0);
}
