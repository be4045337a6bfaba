/*
 * question: which files live only for a short time, and for how long?
 * output:   a line for each file that was made and removed again, when it is removed
 * filter:   syscall::open:entry syscall::openat:entry syscall::creat:entry syscall::unlink:entry
 *           syscall::unlinkat:entry
 * example:  -c 'sh -c "echo > /var/tmp/vtrace.short; sleep 0.05; rm /var/tmp/vtrace.short"'
 * column:   time  time     when it was removed
 * column:   pid   number   process that removed it
 * column:   comm  text     command
 * column:   age   duration since it was opened to be made
 * column:   path  text     as the process wrote it
 *
 * A file is known by its path: one that is removed by another path than the one it was made by is not seen. Opening a
 * file with O_CREAT (64) begins its life, for whether it had been there before is not to be seen.
 */
#pragma D option quiet
#pragma D option dynvarsize=16m

uint64_t made[string];

syscall::open:entry
/arg1 & 64/
{
	self->make = arg0;
	self->since = timestamp;
}

syscall::openat:entry
/arg2 & 64/
{
	self->make = arg1;
	self->since = timestamp;
}

syscall::creat:entry
{
	self->make = arg0;
	self->since = timestamp;
}

syscall::open:return,
syscall::openat:return,
syscall::creat:return
/self->make/
{
	if (!errno) {
		made[copyinstr(self->make)] = self->since;
	}
	self->make = 0;
}

syscall::unlink:entry
{
	self->remove = arg0;
}

syscall::unlinkat:entry
{
	self->remove = arg1;
}

syscall::unlink:return,
syscall::unlinkat:return
/self->remove/
{
	this->path = copyinstr(self->remove);
	if (!errno && made[this->path]) {
		printf("%d %d %s %d %s\n", walltimestamp, pid, execname, timestamp - made[this->path], this->path);
		made[this->path] = 0;
	}
	self->remove = 0;
}
