/*
 * question: whose attributes are asked for, and which files are looked for in vain?
 * output:   a line for each stat, lstat, newfstatat, statx and access of a path, when it returns
 * filter:   syscall::stat:entry syscall::lstat:entry syscall::access:entry syscall::newfstatat:entry
 *           syscall::statx:entry syscall::faccessat:entry syscall::faccessat2:entry
 * option:   failed flag only those that failed
 * example:  -c 'test -e /nonexistent'
 * column:   time  time     when it returned
 * column:   pid   number   process
 * column:   comm  text     command
 * column:   call  text     system call
 * column:   error errno    why it failed
 * column:   took  duration from the call to its return
 * column:   path  text     as the process wrote it; nothing where it is about a descriptor
 */
#pragma D option quiet

inline int failed = 0;

syscall::stat:entry,
syscall::lstat:entry,
syscall::access:entry
{
	self->path = arg0;
	self->since = timestamp;
}

syscall::newfstatat:entry,
syscall::statx:entry,
syscall::faccessat:entry,
syscall::faccessat2:entry
/arg1/
{
	self->path = arg1;
	self->since = timestamp;
}

syscall::stat:return,
syscall::lstat:return,
syscall::access:return,
syscall::newfstatat:return,
syscall::statx:return,
syscall::faccessat:return,
syscall::faccessat2:return
/self->path && (!failed || errno)/
{
	printf("%d %d %s %s %d %d %s\n", walltimestamp, pid, execname, probefunc, errno, timestamp - self->since,
	    copyinstr(self->path));
}

syscall::stat:return,
syscall::lstat:return,
syscall::access:return,
syscall::newfstatat:return,
syscall::statx:return,
syscall::faccessat:return,
syscall::faccessat2:return
{
	self->path = 0;
}
