/*
 * question: which processes make the most system calls, and how much time do they spend in them?
 * output:   a row for each process
 * filter:   syscall:::entry
 * example:  -c 'sh -c "ls /usr/bin | sort | tail -1"'
 * key:      pid   pid      number process
 * key:      comm  execname text   command
 * value:    calls number   how many have returned
 * value:    total duration from their calls to their returns, all together
 */
#pragma D option quiet

syscall:::entry
{
	self->since = timestamp;
}

syscall:::return
/self->since/
{
	@calls[pid, execname] = count();
	@total[pid, execname] = sum(timestamp - self->since);
	self->since = 0;
}
