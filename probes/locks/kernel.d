/*
 * question: who waits for mutexes of the kernel, and who holds them meanwhile?
 * output:   a row for each waiting process, mutex and thread that held it when the wait began
 * filter:   rawtp:::contention_begin
 * needs:    the tracepoints of lock contention (Linux 5.19), and BTF
 * example:  --duration 2
 * key:      pid    pid         number   process that waits
 * key:      comm   execname    text     its command
 * key:      lock   this->lock  address  address of the mutex
 * key:      owner  self->owner number   thread that holds it; 0 where it was being given up
 * key:      name   self->name  text     its command
 * value:    total  duration    of all waits together
 * value:    waits  number      how many
 */
#pragma D option quiet
#pragma D option strsize=16

self string name;
self uint64_t lock;

/* Bit 32 is a mutex. It begins again when it goes to sleep; the low three bits of the owner are flags. */
rawtp:::contention_begin
/(args[1] & 32) && self->lock != (uint64_t)args[0]/
{
	self->lock = (uint64_t)args[0];
	self->since = timestamp;
	this->task = (struct task_struct *)(((struct mutex *)args[0])->owner.counter & ~7);
	self->owner = this->task != NULL ? this->task->pid : 0;
	self->name = this->task != NULL ? stringof(this->task->comm) : "";
}

rawtp:::contention_end
/self->since && self->lock == (uint64_t)args[0]/
{
	this->lock = (uint64_t)args[0];
	@total[pid, execname, this->lock, self->owner, self->name] = sum(timestamp - self->since);
	@waits[pid, execname, this->lock, self->owner, self->name] = count();
	self->since = 0;
	self->lock = 0;
}
