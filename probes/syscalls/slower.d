/*
 * question: which system calls take long?
 * output:   a line for each that takes at least --min, when it returns
 * filter:   syscall:::entry
 * option:   min    duration leave out what takes less
 * example:  --min 20ms -c 'sh -c "sleep 0.1; ls /usr/bin/zz"'
 * column:   time   time     when it returned
 * column:   pid    number   process
 * column:   tid    number   thread
 * column:   comm   text     command
 * column:   call   text     system call
 * column:   took   duration from the call to its return
 * column:   result number   what it returned; -1 of an error
 * column:   error  errno    why it failed
 */
#pragma D option quiet

inline uint64_t min = 10000000;

syscall:::entry
{
	self->since = timestamp;
}

syscall:::return
/self->since && timestamp - self->since >= min/
{
	printf("%d %d %d %s %s %d %d %d\n", walltimestamp, pid, tid, execname, probefunc, timestamp - self->since,
	    errno ? -1 : arg1, errno);
}

syscall:::return
{
	self->since = 0;
}
