/*
 * question: how long do the system calls of each command take?
 * output:   a power-of-two histogram of nanoseconds for each command, at Ctrl-C
 */
#pragma D option quiet

syscall:::entry
{
	self->start = timestamp;
}

syscall:::return
/self->start/
{
	@[execname] = quantize(timestamp - self->start);
	self->start = 0;
}
