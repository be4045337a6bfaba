/*
 * question: which services does a process talk to, how long do they take to answer, and what does it wait for?
 * output:   for each endpoint times to connect and to answer, bytes and errors; what threads waited for, in ns.
 *           `vtrace deps` shows it by name, in percent, and with what was under way when it began and ended
 * view:     deps
 * example:  --duration 1 -c 'getent ahosts localhost'
 * filter:   syscall::read:entry syscall::poll:entry syscall::nanosleep:entry syscall::futex*:entry syscall::fsync:entry
 *           syscall::wait4:entry syscall::socket:return rawtp:::sched_switch
 *
 * An endpoint is four numbers: family * 256 + protocol (+ 65536 for those that come to us), two halves of an address as
 * it is in memory, and a port. Of a unix socket the second half is the kernel's address of its name, of one without
 * a name the process that made it, and the port is 1 then. All who come to a port of ours are one.
 * Distributions take two kilobytes each, so that there is room for a part of the endpoints only; how often and how long
 * in all (what avg() keeps) is there for each.
 */
#pragma D option quiet
#pragma D option strsize=128
#pragma D option dynvarsize=16m
/* Before Linux 6.3 there is no sk_data_ready: then an answer has come when it is read. */
#pragma D option zdefs

/* What a wait is for. */
inline int OTHER = 0;
inline int ENDPOINT = 1;
inline int CLIENTS = 2;
inline int EVENTS = 3;
inline int TIMERS = 4;
inline int LOCKS = 5;
inline int DISK = 6;
inline int PIPES = 7;
inline int CHILDREN = 8;
inline int PROCESSOR = 9;

/* What a call is, beside its name: it begins a question, takes nothing away, takes from a socket, gives to one, or makes
   another descriptor. */
inline int F_ASKS = 1;
inline int F_LOOKS = 2;
inline int F_IN = 4;
inline int F_OUT = 8;
inline int F_COPIES = 16;

/* Of threads, by their number. */
uint64_t since[uint64_t];
uint64_t woken[uint64_t];
int kind_of_wait[uint64_t];
uint64_t waits_on[uint64_t];
uint64_t woken_by[uint64_t];
uint64_t unknown[uint64_t];

/* Of sockets, by their address: how many more descriptors have it, when a question ended and an answer came, when a
   connection was asked for. */
int ours[uint64_t];
int more[uint64_t];
uint64_t asked[uint64_t];
uint64_t came[uint64_t];
uint64_t connecting[uint64_t];
uint64_t sent_hi[uint64_t];
uint64_t sent_lo[uint64_t];
uint64_t sent_port[uint64_t];
string question[uint64_t];
/* Of sockets that ask several at once: a number that no other has had; and of each that is asked, when, and for what. */
uint64_t several[uint64_t];
uint64_t asked_of[uint64_t, uint64_t, uint64_t, uint64_t];
string question_of[uint64_t, uint64_t, uint64_t, uint64_t];
/* Names that datagrams went to, by what stands for them where there is no address of the kernel's. */
uint64_t number_of[string];
int listening[uint64_t];

/* Of processors: the socket that something came to last, when, and what ran. */
uint64_t ready[uint64_t];
uint64_t ready_at[uint64_t];
uint64_t ready_in[uint64_t];

self uint64_t sk;
self int on;
self uint64_t began;
self int flags;
self uint64_t message;
self uint64_t to;
self uint64_t to_size;
self uint64_t to_family;
self uint64_t to_hi;
self uint64_t to_lo;
self uint64_t to_port;
self string to_name;
self uint64_t from;

/* ------------------------------------------------------------------------------------------- calls and their sockets */

syscall::read:entry, syscall::readv:entry, syscall::recv*:entry, syscall::write:entry, syscall::writev:entry,
syscall::send*:entry, syscall::connect:entry, syscall::accept*:entry, syscall::listen:entry, syscall::close:entry,
syscall::splice:entry, syscall::dup*:entry, syscall::fcntl:entry
{
	self->sk = 0;
	self->on = OTHER;
	self->flags = 0;
	self->to_family = 0;
	self->from = 0;
	this->look = 1;
	this->fd = (int)arg0;
}

syscall::poll:entry, syscall::ppoll*:entry, syscall::select:entry, syscall::pselect6*:entry,
syscall::_newselect:entry, syscall::epoll_*wait*:entry, syscall::io_uring_enter:entry, syscall::io_getevents*:entry,
syscall::io_pgetevents*:entry
{
	self->sk = 0;
	self->on = EVENTS;
	this->events = 1;
}

/* Who asks for the events of one descriptor waits for that, and does so if the time runs out, too. From here on whose
   calls they are is known, and descriptions are not those that the conditions are put to. */
syscall::poll*:entry, syscall::ppoll*:entry
/this->events && arg1 == 1/
{
	this->fd = *(int *)copyin(arg0, 4);
	this->look = 1;
}

/* One of the two is a pipe. */
syscall::splice:entry
/this->look/
{
	this->from = this->fd >= 0 && this->fd < curthread->files->fdt->max_fds ?
	    curthread->files->fdt->fd[this->fd] : (struct file *)NULL;
	self->flags = F_OUT;
	if (this->from != NULL && (this->from->f_inode->i_mode & 0170000) == 0140000) {
		self->flags = F_IN;
	}
	this->fd = self->flags == F_IN ? this->fd : (int)arg2;
}

syscall::read*:entry, syscall::recv*:entry, syscall::write:entry, syscall::writev:entry, syscall::send*:entry,
syscall::connect:entry, syscall::accept*:entry, syscall::listen:entry, syscall::close:entry, syscall::splice:entry,
syscall::dup*:entry, syscall::fcntl:entry, syscall::poll*:entry, syscall::ppoll*:entry
/this->look/
{
	this->file = this->fd >= 0 && this->fd < curthread->files->fdt->max_fds ?
	    curthread->files->fdt->fd[this->fd] : (struct file *)NULL;
	if (this->file != NULL) {
		this->mode = this->file->f_inode->i_mode & 0170000;
		self->on = this->mode == 0010000 ? PIPES : this->mode == 0100000 || this->mode == 0060000 ? DISK : self->on;
		if (this->mode == 0140000) {
			this->found = ((struct socket *)this->file->private_data)->sk;
			this->family = this->found->__sk_common.skc_family;
			if (this->family == 2 || this->family == 10 || this->family == 1) {
				self->sk = (uint64_t)this->found;
				self->on = ENDPOINT;
				if (!ours[self->sk]) {
					ours[self->sk] = 1;
				}
			}
		}
	}
}

syscall::nanosleep:entry, syscall::clock_nanosleep*:entry
{
	self->sk = 0;
	self->on = TIMERS;
}

syscall::futex*:entry
{
	self->sk = 0;
	self->on = LOCKS;
}

syscall::fsync:entry, syscall::fdatasync:entry, syscall::sync_file_range:entry, syscall::syncfs:entry,
syscall::pread*:entry, syscall::pwrite*:entry, syscall::msync:entry, syscall::open*:entry, syscall::getdents*:entry
{
	self->sk = 0;
	self->on = DISK;
}

syscall::wait4:entry, syscall::waitid:entry
{
	self->sk = 0;
	self->on = CHILDREN;
}

/* An address in memory of the process: struct sockaddr, or the first word of struct msghdr. */
syscall::connect:entry
/self->sk/
{
	this->to = arg1;
	self->to_size = arg2;
}

syscall::sendto:entry
/self->sk/
{
	this->to = arg4;
	self->to_size = arg5;
}

syscall::sendmsg:entry, syscall::sendmmsg:entry
/self->sk/
{
	this->to = *(uint64_t *)copyin(arg1, 8);
	self->to_size = *(uint32_t *)copyin(arg1 + 8, 4);
}

syscall::sendmmsg:entry, syscall::recvmmsg*:entry
/self->sk/
{
	self->message = arg1;
}

syscall::connect:entry, syscall::sendto:entry, syscall::sendmsg:entry, syscall::sendmmsg:entry
/self->sk && this->to/
{
	self->to = this->to;
	this->head = (uint16_t *)copyin(this->to, 8);
	self->to_family = this->head[0];
	self->to_port = ntohs(this->head[1]);
	self->to_hi = 0;
	self->to_lo = *(uint32_t *)(this->head + 2);
	if (self->to_family == 10) {
		this->halves = (uint64_t *)copyin(this->to + 8, 16);
		self->to_hi = this->halves[0];
		self->to_lo = this->halves[1];
	}
}

/* A name of the second kind begins with a zero, ends where its size says, and is shown with @. */
syscall::connect:entry, syscall::sendto:entry, syscall::sendmsg:entry, syscall::sendmmsg:entry
/self->sk && this->to && self->to_family == 1/
{
	self->to_name = *(char *)copyin(this->to + 2, 1) ? substr(copyinstr(this->to + 2), 0, self->to_size - 2) :
	    strjoin("@", substr(copyinstr(this->to + 3), 0, self->to_size - 3));
}

syscall::sendto:entry, syscall::sendmsg:entry, syscall::sendmmsg:entry
/self->sk && this->to && self->to_family == 1 && ours[self->sk] != 3/
{
	if (!number_of[self->to_name]) {
		number_of[self->to_name] = timestamp;
	}
	sent_lo[self->sk] = number_of[self->to_name];
	@names[number_of[self->to_name], self->to_name] = count();
}

/* ---------------------------------------------------------------------------------------------------------- questions */

/* Who has asked somebody else through the same socket, and has no answer yet, asks several. */
syscall::send*:entry
/self->sk && (self->to_family == 2 || self->to_family == 10) && ours[self->sk] != 3/
{
	this->datagram = !((struct sock *)self->sk)->__sk_common.skc_dport;
}

syscall::send*:entry
/this->datagram && asked[self->sk] && sent_port[self->sk] && !several[self->sk] && (self->to_port != sent_port[self->sk] ||
    self->to_lo != sent_lo[self->sk] || self->to_hi != sent_hi[self->sk])/
{
	several[self->sk] = timestamp;
	asked_of[several[self->sk], sent_hi[self->sk], sent_lo[self->sk], sent_port[self->sk]] =
	    asked[self->sk];
	question_of[several[self->sk], sent_hi[self->sk], sent_lo[self->sk], sent_port[self->sk]] =
	    question[self->sk];
}

syscall::send*:entry
/this->datagram && several[self->sk]/
{
	this->again = asked_of[several[self->sk], self->to_hi, self->to_lo, self->to_port];
	asked_of[several[self->sk], self->to_hi, self->to_lo, self->to_port] = timestamp;
}

syscall::write:entry, syscall::writev:entry, syscall::send*:entry, syscall::splice:entry
/self->sk && !(self->flags & F_IN)/
{
	if (!(several[self->sk] ? this->again : asked[self->sk])) {
		self->flags = self->flags | F_ASKS;
	}
	/* An answer that came and was not read yet belongs to the question before. */
	if (!came[self->sk]) {
		asked[self->sk] = timestamp;
	}
	this->socket = (struct sock *)self->sk;
	this->port = ntohs(this->socket->__sk_common.skc_dport);
	if (this->datagram) {
		this->port = self->to_port;
		sent_hi[self->sk] = self->to_hi;
		sent_lo[self->sk] = self->to_lo;
		sent_port[self->sk] = self->to_port;
	}
	/* Behind the header of DNS, with TCP behind a length, each label is behind its own length. */
	this->skip = this->socket->__sk_common.skc_family != 1 && this->port == 53 ?
	    this->socket->sk_protocol == 17 ? 13 : 15 : 0;
}

syscall::write:entry, syscall::sendto:entry
/this->skip/
{
	question[self->sk] = copyinstr(arg1 + this->skip);
}

syscall::writev:entry
/this->skip/
{
	question[self->sk] = copyinstr(*(uint64_t *)copyin(arg1, 8) + this->skip);
}

syscall::sendmsg:entry, syscall::sendmmsg:entry
/this->skip/
{
	question[self->sk] = copyinstr(*(uint64_t *)copyin(*(uint64_t *)copyin(arg1 + 16, 8), 8) + this->skip);
}

syscall::send*:entry
/this->skip && several[self->sk]/
{
	question_of[several[self->sk], self->to_hi, self->to_lo, self->to_port] = question[self->sk];
}

syscall::connect:entry
/self->sk/
{
	several[self->sk] = 0;
	asked[self->sk] = 0;
	came[self->sk] = 0;
	self->began = timestamp;
	this->socket = (struct sock *)self->sk;
	/* A second call, to hear how the first one went, begins nothing. */
	if ((this->socket->sk_protocol == 6 || this->socket->sk_protocol == 262) &&
	    this->socket->__sk_common.skc_state == 7 && self->to_family) {
		connecting[self->sk] = timestamp;
	}
}

syscall::listen:entry
/self->sk && ((struct sock *)self->sk)->__sk_common.skc_family != 1/
{
	listening[((struct sock *)self->sk)->__sk_common.skc_num] = 1;
}

syscall::accept*:entry
/self->sk/
{
	self->on = CLIENTS;
}

/* What was looked at but not taken (MSG_PEEK), and errors that were queued (MSG_ERRQUEUE), is no answer. */
syscall::recvfrom:entry
/arg3 & 0x2002/
{
	self->flags = F_LOOKS;
}

syscall::recvmsg:entry
/arg2 & 0x2002/
{
	self->flags = F_LOOKS;
}

/* Where the address of who has sent it will be. */
syscall::recvfrom:entry
/several[self->sk]/
{
	self->from = arg4;
}

syscall::recvmsg:entry, syscall::recvmmsg*:entry
/several[self->sk]/
{
	self->from = *(uint64_t *)copyin(arg1, 8);
}

/* ------------------------------------------------------------------------------------------ what comes, and who wakes */

rawtp:::sk_data_ready
/ours[arg0]/
{
	this->came = arg0;
	if (asked[this->came] && !came[this->came]) {
		came[this->came] = timestamp;
	}
}

rawtp:::inet_sock_set_state
/ours[arg0]/
{
	this->came = arg0;
}

rawtp:::sk_data_ready, rawtp:::inet_sock_set_state
/this->came/
{
	ready[cpu] = this->came;
	ready_at[cpu] = timestamp;
	ready_in[cpu] = tid;
}

/* Who waits for a socket is woken where something came to it, within the same few lines of the kernel. */
rawtp:::sched_waking
/since[args[0]->pid] && !woken[args[0]->pid]/
{
	woken[args[0]->pid] = timestamp;
	woken_by[args[0]->pid] = ready_in[cpu] == tid && timestamp - ready_at[cpu] < 1000000 ? ready[cpu] : 0;
}

rawtp:::sched_switch
/pid && !(args[3] & 0x80)/
{
	since[tid] = timestamp;
	woken[tid] = args[0] || !(args[3] & 0xff) ? timestamp : 0;
	kind_of_wait[tid] = curthread->in_iowait ? DISK : self->on;
	waits_on[tid] = self->sk;
	@slept[tid] = max(timestamp);
}

rawtp:*::sched_switch
/since[args[2]->pid]/
{
	this->thread = (uint64_t)args[2]->pid;
	this->until = woken[this->thread] ? woken[this->thread] : timestamp;
	this->waited = this->until - since[this->thread];
	this->queued = timestamp - this->until;
	this->why = kind_of_wait[this->thread];
	this->by = woken_by[this->thread];
	this->sk = this->why == ENDPOINT || this->why == CLIENTS ? waits_on[this->thread] :
	    this->why == EVENTS && this->by && ours[this->by] ? this->by : 0;
	this->several = this->sk && this->by == this->sk && several[this->sk];
	since[this->thread] = 0;
	woken[this->thread] = 0;
	kind_of_wait[this->thread] = 0;
	waits_on[this->thread] = 0;
	woken_by[this->thread] = 0;
	@ran[this->thread] = max(timestamp);
	if (this->queued) {
		@waits[PROCESSOR, (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0] = sum(this->queued);
	}
}

/* ---------------------------------------------------------------------------------------------------------- endpoints */

syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::write:return, syscall::writev:return,
syscall::send*:return, syscall::connect:return, syscall::accept*:return, syscall::splice:return
/self->sk/
{
	this->sk = self->sk;
}

syscall::recvfrom:return, syscall::recvmsg:return, syscall::recvmmsg*:return
/self->sk && self->from && errno == 0/
{
	this->head = (uint16_t *)copyin(self->from, 8);
	this->from_port = (uint64_t)ntohs(this->head[1]);
	this->from_hi = (uint64_t)0;
	this->from_lo = (uint64_t)*(uint32_t *)(this->head + 2);
	if (this->head[0] == 10) {
		this->halves = (uint64_t *)copyin(self->from + 8, 16);
		this->from_hi = this->halves[0];
		this->from_lo = this->halves[1];
	}
}

rawtp:::inet_sock_set_state
/connecting[(uint64_t)args[0]]/
{
	this->sk = (uint64_t)args[0];
}

syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::write:return, syscall::writev:return,
syscall::send*:return, syscall::connect:return, syscall::accept*:return, syscall::splice:return,
rawtp:::inet_sock_set_state, rawtp:*::sched_switch
/this->sk/
{
	this->socket = (struct sock *)this->sk;
	this->family = (uint64_t)this->socket->__sk_common.skc_family;
	/* MPTCP is 262, and TCP to who uses it. */
	this->kind = this->family * 256 + (this->socket->sk_protocol & 0xff);
	this->hi = (uint64_t)0;
	this->lo = (uint64_t)0;
	this->port = (uint64_t)0;
	if (this->family == 1) {
		this->other = ((struct unix_sock *)this->socket)->peer;
		this->name = this->other != NULL ? ((struct unix_sock *)this->other)->addr : (struct unix_address *)NULL;
		this->own = ((struct unix_sock *)this->socket)->addr;
		this->sent = this->other == NULL ? sent_lo[this->sk] : (uint64_t)0;
		this->inwards = this->name == NULL && this->own != NULL && !this->sent;
		this->lo = this->name != NULL ? (uint64_t)this->name : this->sent ? this->sent : (uint64_t)this->own;
		if (!this->lo && this->other != NULL) {
			this->port = 1;
			this->lo = (uint64_t)((struct upid *)((char *)this->socket->sk_peer_pid + offsetof(struct pid, numbers)))->nr;
		}
	} else {
		this->inwards = listening[this->socket->__sk_common.skc_num] && (this->socket->sk_protocol & 0xff) == 6;
		this->port = (uint64_t)ntohs(this->socket->__sk_common.skc_dport);
		this->lo = (uint64_t)this->socket->__sk_common.skc_daddr;
		if (this->family == 10) {
			this->hi = *(uint64_t *)&this->socket->__sk_common.skc_v6_daddr;
			this->lo = *((uint64_t *)&this->socket->__sk_common.skc_v6_daddr + 1);
		}
		if (!this->port) {
			this->hi = this->from_port ? this->from_hi : sent_hi[this->sk];
			this->lo = this->from_port ? this->from_lo : sent_lo[this->sk];
			this->port = this->from_port ? this->from_port : sent_port[this->sk];
			/* A socket of no one's but ours, as long as others began. */
			this->inwards = !this->port;
		}
	}
	if (this->inwards) {
		this->kind = this->kind + 65536;
		if (this->family != 1) {
			this->hi = 0;
			this->lo = 0;
			this->port = (uint64_t)this->socket->__sk_common.skc_num;
		}
	}
}

syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::write:return, syscall::writev:return,
syscall::sendto:return, syscall::sendmsg:return, syscall::sendmmsg:return, syscall::connect:return,
syscall::accept*:return
/self->sk && this->family == 1 && this->lo && !this->port && !this->sent && ours[self->sk] < 2/
{
	ours[self->sk] = 2;
	this->path = (char *)this->lo + offsetof(struct unix_address, name) + 2;
	@names[this->lo, *this->path ? stringof(this->path) : strjoin("@", substr(stringof(this->path + 1), 0,
	    ((struct unix_address *)this->lo)->len - 3))] = count();
}

/* --------------------------------------------------------------------------------------------------------- connections */

rawtp:::inet_sock_set_state
/this->sk/
{
	if (args[2] == 1) {
		this->took = timestamp - connecting[this->sk];
		@connect[this->kind, this->hi, this->lo, this->port] = exphist(this->took, 2);
		@connects[this->kind, this->hi, this->lo, this->port] = avg(this->took);
		connecting[this->sk] = 0;
	} else if (args[2] == 7) {
		@errors[this->kind, this->hi, this->lo, this->port, 1, (int64_t)this->socket->sk_err] = count();
		connecting[this->sk] = 0;
	}
}

/* What the kernel refused before it asked anybody, and unix sockets: the call's end is all there is. */
syscall::connect:return
/self->sk && this->family == 1 && errno == 0/
{
	this->took = timestamp - self->began;
	@connect[this->kind, this->hi, this->lo, this->port] = exphist(this->took, 2);
	@connects[this->kind, this->hi, this->lo, this->port] = avg(this->took);
}

syscall::connect:return
/self->sk && self->to_family == 1 && errno != 0 && errno < 512 && errno != 4 && errno != 106/
{
	@unreached[self->to_name, (int64_t)errno] = count();
}

syscall::connect:return
/self->sk && connecting[self->sk] && errno != 0 && errno != 115 && errno != 114 && errno != 4 && errno < 512/
{
	connecting[self->sk] = 0;
	@errors[this->family * 256 + (this->kind & 0xff), self->to_hi, self->to_lo, self->to_port, 1, (int64_t)errno] = count();
}

syscall::accept*:return
/self->sk && errno == 0/
{
	@accepted[this->kind, this->hi, this->lo, this->port] = count();
}

/* A socket that is new has nothing of one that was at its address before. */
syscall::socket:return, syscall::accept*:return
/errno == 0 && (int)arg1 >= 0/
{
	this->fresh = (uint64_t)((struct socket *)curthread->files->fdt->fd[(int)arg1]->private_data)->sk;
	ours[this->fresh] = 1;
	asked[this->fresh] = 0;
	came[this->fresh] = 0;
	more[this->fresh] = 0;
	several[this->fresh] = 0;
	sent_lo[this->fresh] = 0;
	sent_port[this->fresh] = 0;
	question[this->fresh] = "";
}

syscall::dup*:entry
/self->sk/
{
	self->flags = F_COPIES;
}

/* F_DUPFD and F_DUPFD_CLOEXEC. */
syscall::fcntl:entry
/self->sk && (arg1 == 0 || arg1 == 1030)/
{
	self->flags = F_COPIES;
}

syscall::dup*:return, syscall::fcntl:return
/self->sk && errno == 0 && self->flags & F_COPIES/
{
	more[self->sk] = more[self->sk] + 1;
}

syscall::close:entry
/self->sk/
{
	this->last = !more[self->sk];
	if (!this->last) {
		more[self->sk] = more[self->sk] - 1;
	}
}

syscall::close:entry
/self->sk && this->last && ours[self->sk]/
{
	ours[self->sk] = 0;
	several[self->sk] = 0;
	asked[self->sk] = 0;
	came[self->sk] = 0;
	sent_hi[self->sk] = 0;
	sent_lo[self->sk] = 0;
	sent_port[self->sk] = 0;
	question[self->sk] = "";
}

/* ------------------------------------------------------------------------------------------------ questions and answers */

/* Calls for several messages return how many; each has its length behind it. */
syscall::sendmmsg:return, syscall::recvmmsg*:return
/self->sk && errno == 0/
{
	this->done = (int)arg1;
	this->bytes = (uint64_t)(*(uint32_t *)copyin(self->message + 56, 4));
	if (this->done > 1) {
		this->bytes = this->bytes + *(uint32_t *)copyin(self->message + 120, 4);
	}
	if (this->done > 2) {
		this->bytes = this->bytes + *(uint32_t *)copyin(self->message + 184, 4);
	}
	if (this->done > 3) {
		this->bytes = this->bytes + *(uint32_t *)copyin(self->message + 248, 4);
	}
	if (this->done > 4) {
		@unmeasured = sum(this->done - 4);
	}
}

syscall::read:return, syscall::readv:return, syscall::recvfrom:return, syscall::recvmsg:return, syscall::write:return,
syscall::writev:return, syscall::sendto:return, syscall::sendmsg:return, syscall::sendfile*:return,
syscall::splice:return
/self->sk && errno == 0/
{
	this->bytes = (uint64_t)arg1;
}

syscall::write:return, syscall::writev:return, syscall::send*:return, syscall::splice:return
/self->sk && errno == 0 && !(self->flags & F_IN)/
{
	if (!came[self->sk]) {
		asked[self->sk] = timestamp;
	}
	if (several[self->sk]) {
		asked_of[several[self->sk], self->to_hi, self->to_lo, self->to_port] = timestamp;
	}
	if (self->flags & F_ASKS && !this->inwards) {
		@questions[this->kind, this->hi, this->lo, this->port] = count();
	}
	@sent[this->kind, this->hi, this->lo, this->port] = sum(this->bytes);
}

syscall::write:return, syscall::writev:return, syscall::send*:return, syscall::splice:return
/self->sk && errno != 0 && self->flags & F_ASKS && !several[self->sk]/
{
	asked[self->sk] = 0;
}

syscall::send*:return
/self->sk && errno != 0 && self->flags & F_ASKS && several[self->sk]/
{
	asked_of[several[self->sk], self->to_hi, self->to_lo, self->to_port] = 0;
}

syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::splice:return
/self->sk && errno == 0 && this->bytes && !(self->flags & (F_LOOKS | F_OUT))/
{
	if (this->inwards) {
		ours[self->sk] = 3;
	}
	@received[this->kind, this->hi, this->lo, this->port] = sum(this->bytes);
	this->asked = several[self->sk] ? asked_of[several[self->sk], this->hi, this->lo, this->port] : asked[self->sk];
	this->question = several[self->sk] ? question_of[several[self->sk], this->hi, this->lo, this->port] :
	    question[self->sk];
	if (this->asked) {
		this->answer = came[self->sk] > this->asked ? came[self->sk] - this->asked :
		    came[self->sk] ? (uint64_t)0 : timestamp - this->asked;
		if (!this->inwards) {
			@answer[this->kind, this->hi, this->lo, this->port] = exphist(this->answer, 2);
			@answers[this->kind, this->hi, this->lo, this->port] = avg(this->answer);
			if (this->question != "") {
				@asked_for[this->kind, this->hi, this->lo, this->port, this->question] =
				    exphist(this->answer, 2);
			}
		}
		if (several[self->sk]) {
			asked_of[several[self->sk], this->hi, this->lo, this->port] = 0;
			question_of[several[self->sk], this->hi, this->lo, this->port] = "";
		} else {
			question[self->sk] = "";
			asked[self->sk] = 0;
		}
		came[self->sk] = 0;
	}
}

/* Later than a signal's EINTR (4) and EAGAIN (11): what the other end, or the way to it, did. 512 on starts anew. */
syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::write:return, syscall::writev:return,
syscall::send*:return, syscall::splice:return
/self->sk && errno != 0 && errno != 11 && errno != 4 && errno < 512 && !(self->flags & F_LOOKS)/
{
	@errors[this->kind, this->hi, this->lo, this->port, 2, (int64_t)errno] = count();
	asked[self->sk] = several[self->sk] ? asked[self->sk] : 0;
	came[self->sk] = 0;
}

/* -------------------------------------------------------------------------------------------------------------- waits */

rawtp:*::sched_switch
/this->thread && this->waited/
{
	if (this->several) {
		/* Who it was that it waited for is read. */
		unknown[this->thread] = unknown[this->thread] + this->waited;
	} else if (this->sk) {
		@waits[this->inwards ? CLIENTS : ENDPOINT, this->kind, this->hi, this->lo, this->port] = sum(this->waited);
	} else if (this->why == EVENTS) {
		/* Whether the time ran out is known when the call returns, and what there was when it is read. */
		unknown[this->thread] = unknown[this->thread] + this->waited;
	} else {
		@waits[this->why, (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0] = sum(this->waited);
	}
}

syscall::poll:return, syscall::ppoll*:return, syscall::select:return, syscall::pselect6*:return,
syscall::_newselect:return, syscall::epoll_*wait*:return, syscall::io_uring_enter:return,
syscall::io_getevents*:return, syscall::io_pgetevents*:return
/unknown[tid] && (errno != 0 || arg1 == 0)/
{
	@waits[errno == 0 ? TIMERS : EVENTS, (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0] = sum(unknown[tid]);
	unknown[tid] = 0;
}

/* What a thread reads first after it was woken by something unknown is what woke it. */
syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::accept*:return, syscall::splice:return
/unknown[tid] && self->sk && errno == 0 && !(self->flags & F_OUT)/
{
	@waits[this->inwards ? CLIENTS : ENDPOINT, this->kind, this->hi, this->lo, this->port] = sum(unknown[tid]);
	unknown[tid] = 0;
}

syscall::read:return, syscall::readv:return
/unknown[tid] && !self->sk && errno == 0/
{
	@waits[EVENTS, (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0] = sum(unknown[tid]);
	unknown[tid] = 0;
}

syscall::read:return, syscall::readv:return, syscall::recv*:return, syscall::write:return, syscall::writev:return,
syscall::send*:return, syscall::connect:return, syscall::accept*:return, syscall::listen:return, syscall::splice:return,
syscall::close:return, syscall::dup*:return, syscall::fcntl:return, syscall::poll:return, syscall::ppoll*:return, syscall::select:return,
syscall::pselect6*:return, syscall::_newselect:return, syscall::epoll_*wait*:return, syscall::io_uring_enter:return,
syscall::io_getevents*:return, syscall::io_pgetevents*:return, syscall::nanosleep:return,
syscall::clock_nanosleep*:return, syscall::futex*:return, syscall::fsync:return, syscall::fdatasync:return,
syscall::sync_file_range:return, syscall::syncfs:return, syscall::pread*:return, syscall::pwrite*:return,
syscall::msync:return, syscall::open*:return, syscall::getdents*:return, syscall::wait4:return, syscall::waitid:return
/self->on || self->sk/
{
	self->on = OTHER;
	self->sk = 0;
}
