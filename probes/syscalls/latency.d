/*
 * question: how long do the system calls of each command take?
 * output:   a power-of-two histogram of nanoseconds for each command, at Ctrl-C
 * filter:   syscall:::entry
 * example:  -c 'cat /etc/hostname'
 * key:      comm execname text     command
 * value:    took duration from the call to its return
 */
#pragma D option quiet

syscall:::entry
{
	self->start = timestamp;
}

syscall:::return
/self->start/
{
	@took[execname] = quantize(timestamp - self->start);
	self->start = 0;
}
