/*
 * question: what did each thread wait for, and who ended the wait?
 * output:   a record of each wait that gates.py found to be long, when it is over; one when somebody ends such a wait;
 *           one a sample of threads that have run for so long without sleeping, or had others behind them. `vtrace bubbles`
 *           makes chains of them
 *
 * irq_work_entry is in the interrupt that gates.py has the processor take as soon as the switch to such a thread is done: it is
 * the current one then, and has not done anything yet. Who could have gone on, and of whom no stack is read, is told of at the
 * switch itself, `sched:::on-cpu`. Where the architecture has no such tracepoint, all are told of there, where the thread has not
 * gone on yet: its user stack cannot be read, and of the kernel's the scheduler's own functions and those of locks are left out.
 *
 * What runs at every switch and wake-up is not here but in gates.py: it finds out which waits were long, and all that is to
 * be known about one is asked then. System call and arguments are where the kernel's entry code has put
 * them, at the top of the thread's kernel stack: no probe in the path of system calls is needed.
 */
#pragma D option quiet
#pragma D option bufsize=4m
#pragma D option strsize=64

/*
 * By the scheduler's clock: when a thread last left its processor, 0 once it was told of. Its state then, 0 if it could have gone
 * on; how often it has slept; ns in run queues by then, and since; ns that the control group's limit kept it from running, in
 * the same way. How many ns it had run when it last slept, and whether a sample has found that it has run for long since. When
 * a long wait began, by CLOCK_MONOTONIC, 0 if nothing is to be told. What short waits before it came to, in ns. Whether it was
 * decided at the wake-up already if the wait is told of. The descriptor that poll(2) was about, and 1, if it was one. Of the
 * last request to a device also how often the thread had slept by then.
 */
self uint64_t off;
self uint64_t state;
self uint64_t sleeps;
self uint64_t stood;
self uint64_t ran;
self uint64_t busy;
self uint64_t queued;
self uint64_t late;
self uint64_t brief;
self uint64_t kept;
self uint64_t decided;
self uint64_t polled;
self uint64_t lock;
self uint64_t kind;
self uint64_t owner;
self uint64_t device;
self uint64_t sector;
self uint64_t bytes;
self uint64_t operation;
self uint64_t asked;
self uint64_t naps;

this uint64_t disk;
this uint64_t space;
this uint64_t far;
this uint64_t high;
this uint64_t low;

/* Who ends a long wait, and who had one that was no turn: the bits of a state above those of the kernel's are the gates' own. */
sched:::woken
{
	this->task = curtask;
}

rawtp:::irq_work_entry
/self->late && (uint32_t)self->state/
{
	this->task = curthread;
}

sched:::woken,
rawtp:::irq_work_entry
/this->task != NULL/
{
	this->regs = (struct pt_regs *)((uint64_t)this->task->stack + 16384) - 1;
	if (this->regs->cs != 0x33) {
		this->regs = (struct pt_regs *)((uint64_t)this->regs - 16);
	}
	/* What the first argument names, if it is an open file, or poll(2) is about. */
	this->files = this->task->files;
	this->number = self->polled ? self->polled - 1 : this->regs->di;
	this->file = this->files != NULL && this->regs->cs == 0x33 && this->number < this->files->fdt->max_fds ?
	    this->files->fdt->fd[this->number] : NULL;
	/* The ends of the pipe or connection that it is: its own, the other one, and where both are. */
	this->mode = this->file != NULL ? this->file->f_inode->i_mode & 0170000 : 0;
	/* The block device that it is, or is on. */
	this->disk = this->file == NULL ? 0 : this->mode == 0060000 ? this->file->f_inode->i_rdev :
	    this->file->f_inode->i_sb->s_dev;
	this->sk = this->mode == 0140000 ? ((struct socket *)this->file->private_data)->sk : (struct sock *)NULL;
	this->family = this->sk != NULL ? this->sk->__sk_common.skc_family : 0;
	this->own = this->mode == 0010000 ? (uint64_t)this->file->f_inode : this->family == 1 ? (uint64_t)this->sk : 0;
	this->other = this->mode == 0010000 ? this->own :
	    this->family == 1 ? (uint64_t)((struct unix_sock *)this->sk)->peer : 0;
	this->space = 0;
	/* Who is at the far end of a connection over a network: port, family and protocol; the address as the packet has it. */
	this->far = 0;
	this->high = 0;
	this->low = 0;
	if (this->family == 2 || this->family == 10) {
		this->own = this->family == 2 ? this->sk->__sk_common.skc_rcv_saddr :
		    this->sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[3];
		this->other = this->family == 2 ? this->sk->__sk_common.skc_daddr :
		    this->sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[3];
		this->own = this->own << 32 | this->sk->__sk_common.skc_num;
		this->other = this->other << 32 | ntohs(this->sk->__sk_common.skc_dport);
		this->space = (uint64_t)this->sk->__sk_common.skc_net.net;
		this->far = (uint64_t)ntohs(this->sk->__sk_common.skc_dport) << 32 | this->family << 8 |
		    (this->sk->sk_protocol & 0xff);
		this->high = this->family == 10 ? *(uint64_t *)&this->sk->__sk_common.skc_v6_daddr : 0;
		this->low = this->family == 10 ? *((uint64_t *)&this->sk->__sk_common.skc_v6_daddr + 1) :
		    this->sk->__sk_common.skc_daddr;
	}
}

sched:::woken
{
	printf("%d %d %d %d %s %s %d %d %d %d %d %k", tid, timestamp, curtask->pid, curtask->tgid, curtask->comm,
	    curtask->group_leader->comm, this->regs->cs == 0x33 ? this->regs->orig_ax : -1,
	    this->regs->di, this->own, this->other, this->space, stack(28));
}

/* Who slept. */
rawtp:::irq_work_entry
/self->late && (uint32_t)self->state/
{
	printf("%d %d %s %s %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %s %k %k", tid, pid, execname,
	    curthread->group_leader->comm, self->late, timestamp, self->queued, self->kept, self->state, cpu, self->brief,
	    this->regs->cs == 0x33 ? this->regs->orig_ax : -1, this->regs->di, this->regs->si, this->regs->dx,
	    self->lock, self->kind, self->owner, self->device, self->sector, self->bytes, self->operation,
	    self->sleeps == self->naps + 1 ? self->asked : 0,
	    curthread->flags & 0x200000 ? 1 : 0, curthread->in_iowait, this->own, this->other, this->space,
	    this->far, this->high, this->low, this->disk,
	    this->file != NULL ? stringof(this->file->f_path.dentry->d_name.name) : "", stack(28), ustack(24));
}

/* Who could have gone on: where it was says nothing of why it did not. */
sched:::on-cpu
/self->late && !(uint32_t)self->state/
{
	printf("%d %d %s %s %d %d %d %d %d %d", tid, pid, execname, curthread->group_leader->comm, self->late, timestamp,
	    self->state ? 1 : 0, cpu, self->brief, curthread->flags & 0x200000 ? 1 : 0);
}

sched:::on-cpu,
rawtp:::irq_work_entry
/self->late/
{
	self->brief = 0;
	self->late = 0;
	self->polled = 0;
}

/* Bits of the kind: 1 spinning, 2 read, 4 write, 8 real-time, 16 per CPU, 32 mutex; none for a semaphore. */
rawtp:::contention_begin
/(arg1 & 33) != 1/
{
	self->lock = arg0;
	self->kind = arg1;
	this->word = arg1 & 32 ? ((struct mutex *)arg0)->owner.counter :
	    (arg1 & 6) && !(arg1 & 24) ? ((struct rw_semaphore *)arg0)->owner.counter : 0;
	this->task = (struct task_struct *)(this->word & ~7);
	self->owner = this->task != NULL ? this->task->pid : 0;
}

rawtp:::contention_end
/self->lock == arg0/
{
	self->lock = 0;
}

rawtp:::block_getrq
{
	self->device = args[0]->bi_bdev->bd_dev;
	self->sector = args[0]->bi_iter.bi_sector;
	self->bytes = args[0]->bi_iter.bi_size;
	self->operation = args[0]->bi_opf & 0xff;
	self->asked = timestamp;
	self->naps = self->sleeps;
}

/* Who has run for long since it slept may keep others waiting. */
profile-97
/self->busy/
{
	printf("%d %d %s %s %d %d %k %k", tid, pid, execname, curthread->group_leader->comm, timestamp, cpu,
	    stack(28), ustack(24));
}

/* Who has not is one of many that want the processor. */
profile-97
/!self->busy/
{
	printf("%d %d %s %s %d %d", tid, pid, execname, curthread->group_leader->comm, timestamp, cpu);
}

/* What is left to tell of a thread that ends. */
rawtp:::sched_process_exit
/self->brief/
{
	printf("%d %d %s %s %d %d", tid, pid, execname, curthread->group_leader->comm, timestamp, self->brief);
	self->brief = 0;
}
