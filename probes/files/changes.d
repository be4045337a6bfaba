/*
 * question: who makes, renames and removes files and directories?
 * output:   a line for each change, when the call returns
 * filter:   syscall::unlink:entry syscall::rmdir:entry syscall::mkdir:entry syscall::unlinkat:entry
 *           syscall::mkdirat:entry syscall::rename:entry syscall::link:entry syscall::symlink:entry
 *           syscall::renameat:entry syscall::renameat2:entry syscall::linkat:entry syscall::symlinkat:entry
 * example:  -c 'sh -c "touch /var/tmp/vtrace.a; mv /var/tmp/vtrace.a /var/tmp/vtrace.b; rm /var/tmp/vtrace.b"'
 * column:   time  time   when it returned
 * column:   pid   number process
 * column:   comm  text   command
 * column:   call  text   system call
 * column:   error errno  why it failed
 * column:   path  text   as the process wrote it; of a symbolic link what it holds
 * column:   new   text   the other path, of a link or a rename
 */
#pragma D option quiet

self uint64_t path;
self uint64_t new;

syscall::unlink:entry,
syscall::rmdir:entry,
syscall::mkdir:entry
{
	self->path = arg0;
	self->new = 0;
}

syscall::unlinkat:entry,
syscall::mkdirat:entry
{
	self->path = arg1;
	self->new = 0;
}

syscall::rename:entry,
syscall::link:entry,
syscall::symlink:entry
{
	self->path = arg0;
	self->new = arg1;
}

syscall::renameat:entry,
syscall::renameat2:entry,
syscall::linkat:entry
{
	self->path = arg1;
	self->new = arg3;
}

syscall::symlinkat:entry
{
	self->path = arg0;
	self->new = arg2;
}

syscall::unlink*:return,
syscall::rmdir:return,
syscall::mkdir*:return,
syscall::rename*:return,
syscall::link:return,
syscall::linkat:return,
syscall::symlink*:return
/self->path/
{
	this->new = self->new ? copyinstr(self->new) : "";
	printf("%d %d %s %s %d %s %s\n", walltimestamp, pid, execname, probefunc, errno, copyinstr(self->path), this->new);
	self->path = 0;
}
