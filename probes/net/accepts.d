/*
 * question: who accepts connections, and from where?
 * output:   a line for each, when accept returns
 * filter:   syscall::accept:return syscall::accept4:return
 * example:  --duration 2
 * column:   time    time   when it returned
 * column:   pid     number process
 * column:   comm    text   command
 * column:   fd      number the new descriptor
 * column:   port    number port it came in at
 * column:   from    number port of the other side
 * column:   address text   of the other side
 */
#pragma D option quiet

syscall::accept:return,
syscall::accept4:return
/!errno/
{
	this->sock = ((struct socket *)curthread->files->fdt->fd[(int)arg1]->private_data)->sk;
	this->family = this->sock->__sk_common.skc_family;
	if (this->family == 2 || this->family == 10) {
		this->shown = this->family == 2 ? inet_ntop(2, &this->sock->__sk_common.skc_daddr) :
		    inet_ntop(10, &this->sock->__sk_common.skc_v6_daddr);
		printf("%d %d %s %d %d %d %s\n", walltimestamp, pid, execname, (int)arg1, this->sock->__sk_common.skc_num,
		    ntohs(this->sock->__sk_common.skc_dport), this->shown);
	}
}
