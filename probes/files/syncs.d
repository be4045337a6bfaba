/*
 * question: who waits for data to be on the medium, and for how long?
 * output:   a line for each sync, when it returns
 * filter:   syscall::fsync:entry syscall::fdatasync:entry syscall::syncfs:entry syscall::sync_file_range:entry
 *           syscall::sync:entry syscall::msync:entry
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=16 conv=fsync'
 * column:   time  time     when it returned
 * column:   pid   number   process
 * column:   comm  text     command
 * column:   call  text     system call
 * column:   error errno    why it failed
 * column:   took  duration from the call to its return
 * column:   path  text     of the file, within its file system; <none> of calls that are about no file
 */
#pragma D option quiet

syscall::fsync:entry,
syscall::fdatasync:entry,
syscall::syncfs:entry,
syscall::sync_file_range:entry
{
	self->fd = (int)arg0;
	self->since = timestamp;
}

syscall::sync:entry,
syscall::msync:entry
{
	self->fd = -1;
	self->since = timestamp;
}

syscall::fsync:return,
syscall::fdatasync:return,
syscall::syncfs:return,
syscall::sync_file_range:return,
syscall::sync:return,
syscall::msync:return
/self->since/
{
	printf("%d %d %s %s %d %d %s\n", walltimestamp, pid, execname, probefunc, errno, timestamp - self->since,
	    fds[self->fd].fi_pathname);
	self->since = 0;
}
