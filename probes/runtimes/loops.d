/*
 * question: for how long do event loops work before they look for new events?
 * output:   a histogram of nanoseconds for each loop, from the return of epoll_wait to its next call
 * view:     runtimes/loops
 * unit:     ns
 * axis:     1us 10s
 * filter:   syscall::epoll_wait:entry syscall::epoll_pwait:entry syscall::epoll_pwait2:entry
 * example:  --once --duration 2
 * row:      pid comm
 * key:      pid     pid      number process
 * key:      comm    execname text   command
 * key:      tid     tid      number thread
 * key:      epoll   this->fd number descriptor of the epoll
 * measure:  busy    from the events to the next look for more
 *
 * Nothing else happens in a loop meanwhile: what is long here is what all others wait for.
 */
#pragma D option quiet

self uint64_t since[int];

syscall::epoll_wait:entry,
syscall::epoll_pwait:entry,
syscall::epoll_pwait2:entry
{
	this->fd = (int)arg0;
	self->fd = this->fd + 1;
	if (self->since[this->fd]) {
		this->spent = timestamp - self->since[this->fd];
		@busy[pid, execname, tid, this->fd] = exphist(this->spent, 2);
	}
}

syscall::epoll_wait:return,
syscall::epoll_pwait:return,
syscall::epoll_pwait2:return
/self->fd/
{
	self->since[self->fd - 1] = timestamp;
	self->fd = 0;
}
