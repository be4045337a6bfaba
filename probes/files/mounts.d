/*
 * question: what is mounted and unmounted, by whom?
 * output:   a line for each mount and umount, when it returns
 * filter:   syscall::mount:entry syscall::umount2:entry
 * example:  -c 'unshare -m sh -c "mount -t tmpfs scratch /mnt; umount /mnt"'
 * column:   time   time     when it returned
 * column:   pid    number   process
 * column:   comm   text     command
 * column:   call   text     mount or umount2
 * column:   error  errno    why it failed
 * column:   took   duration from the call to its return
 * column:   fs     text     type of the file system
 * column:   source text     what is mounted
 * column:   flags  number   MS_* or MNT_*
 * column:   path   text     where
 */
#pragma D option quiet

self uint64_t source;
self uint64_t type;

syscall::mount:entry
{
	self->since = timestamp;
	self->source = arg0;
	self->path = arg1;
	self->type = arg2;
	self->flags = arg3;
}

syscall::umount2:entry
{
	self->since = timestamp;
	self->source = 0;
	self->path = arg0;
	self->type = 0;
	self->flags = arg1;
}

syscall::mount:return,
syscall::umount2:return
/self->since/
{
	this->type = self->type ? copyinstr(self->type) : "";
	this->source = self->source ? copyinstr(self->source) : "";
	printf("%d %d %s %s %d %d %s %s %d %s\n", walltimestamp, pid, execname, probefunc, errno, timestamp - self->since,
	    this->type, this->source, self->flags, copyinstr(self->path));
	self->since = 0;
}
