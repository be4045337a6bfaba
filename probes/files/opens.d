/*
 * question: which files does each process open, and which opens fail?
 * output:   a line an open, when it returns
 * filter:   syscall::open:entry syscall::openat:entry syscall::openat2:entry
 * example:  -c 'cat /etc/hostname'
 * option:   failed flag only opens that failed
 * column:   time  time    when it returned
 * column:   pid   number  process
 * column:   comm  text    command
 * column:   fd    number  the descriptor; -1 where it failed
 * column:   error errno   why it failed
 * column:   took  duration from the call to its return
 * column:   path  text    as the process wrote it
 *
 * The path is read when the call returns: then it is in memory for sure, which it need not be before.
 */
#pragma D option quiet

inline int failed = 0;

syscall::open:entry
{
	self->path = arg0;
	self->since = timestamp;
}

syscall::openat:entry,
syscall::openat2:entry
{
	self->path = arg1;
	self->since = timestamp;
}

syscall::open:return,
syscall::openat:return,
syscall::openat2:return
/self->since && (!failed || errno)/
{
	printf("%d %d %s %d %d %d %s\n", walltimestamp, pid, execname, errno ? -1 : (int)arg1, errno,
	    timestamp - self->since, copyinstr(self->path));
}

syscall::open:return,
syscall::openat:return,
syscall::openat2:return
{
	self->since = 0;
}
