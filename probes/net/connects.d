/*
 * question: who connects to which addresses, does it succeed, and how long does it take?
 * output:   a line for each connect to an IPv4 or IPv6 address, when the call returns
 * filter:   syscall::connect:entry
 * option:   failed flag only those that failed
 * example:  -c 'curl -s http://127.0.0.1:1/'
 * column:   time    time     when it returned
 * column:   pid     number   process
 * column:   comm    text     command
 * column:   error   errno    why it failed; EINPROGRESS goes on after the call
 * column:   took    duration from the call to its return
 * column:   port    number   of the other side
 * column:   address text     of the other side
 *
 * Of UDP sockets, too: for them connect only notes the address.
 */
#pragma D option quiet

inline int failed = 0;

syscall::connect:entry
/arg1 && arg2 >= 16/
{
	self->address = arg1;
	self->since = timestamp;
}

syscall::connect:return
/self->since && (!failed || errno)/
{
	this->family = *(uint16_t *)copyin(self->address, 2);
	if (this->family == 2 || this->family == 10) {
		this->bytes = copyin(self->address, this->family == 2 ? 16 : 28);
		this->shown = this->family == 2 ? inet_ntop(2, (char *)this->bytes + 4) :
		    inet_ntop(10, (char *)this->bytes + 8);
		printf("%d %d %s %d %d %d %s\n", walltimestamp, pid, execname, errno, timestamp - self->since,
		    ntohs(*(uint16_t *)copyin(self->address + 2, 2)), this->shown);
	}
}

syscall::connect:return
{
	self->since = 0;
}
