/*
 * question: who waits for mutexes of the C library, and who holds them meanwhile?
 * output:   a row for each waiting thread, lock and thread that held it when the wait began
 * filter:   syscall::futex:entry
 * needs:    mutexes of glibc on x86-64: others do not keep their owner beside the futex word
 * example:  --duration 2
 * key:      pid    pid         number   process
 * key:      comm   execname    text     command
 * key:      waiter tid         number   thread that waits
 * key:      lock   this->lock  address  address of the mutex
 * key:      owner  self->owner number   thread that holds it
 * value:    total  duration    of all waits together
 * value:    waits  number      how many
 */
#pragma D option quiet

/* FUTEX_WAIT (0) while the word is 2, "locked, with waiters"; the owner is 8 bytes behind it. */
syscall::futex:entry
/(arg1 & 127) == 0 && (arg2 & 0xffffffff) == 2/
{
	self->lock = arg0;
	self->owner = *(int *)copyin(arg0 + 8, 4);
	self->since = timestamp;
}

syscall::futex:return
/self->since/
{
	this->lock = (uint64_t)self->lock;
	if (errno == 0 && self->owner > 0) {
		@total[pid, execname, tid, this->lock, self->owner] = sum(timestamp - self->since);
		@waits[pid, execname, tid, this->lock, self->owner] = count();
	}
	self->since = 0;
}
