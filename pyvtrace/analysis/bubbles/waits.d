/*
 * question: what did each thread wait for, and who ended the wait?
 * output:   a record of each wait that took $1 nanoseconds or more, when it is over; one when somebody ends such a wait;
 *           one a sample of threads that have run for so long. `vtrace bubbles` makes chains of them
 *
 * sched_exit_tp, in the thread that has its processor again, is there in Linux 6.18 and not in 6.12. Else `sched:::on-cpu`
 * stands in its place, where the thread has not gone on yet: its user stack cannot be read, and of the kernel's the scheduler's own
 * functions and those of locks are left out.
 *
 * A thread that leaves its processor costs a look at the clock and two words; all that is to be known about a wait
 * is asked when it turns out to have been long. System call and arguments are where the kernel's entry code has put
 * them, at the top of the thread's kernel stack: no probe in the path of system calls is needed.
 */
#pragma D option quiet
#pragma D option bufsize=8m
#pragma D option strsize=64

/* The first of a thread's storage, where it is looked for when a thread still waits: since when it is off its CPU. */
self uint64_t off;
self uint64_t state;
self uint64_t lock;
self uint64_t kind;
self uint64_t owner;
self uint64_t slept;
self uint64_t brief;
self uint64_t device;
self uint64_t sector;
self uint64_t bytes;
self uint64_t operation;
self uint64_t asked;

/* 0: it could have gone on. */
rawtp:::sched_switch
/pid/
{
	self->off = timestamp;
	self->state = arg0 ? 0 : arg3;
	if (self->state) {
		self->slept = self->off;
	}
}

sched:::woken
/self->off && self->state && timestamp - self->off >= $1/
{
	this->regs = (struct pt_regs *)((uint64_t)curtask->stack + 16384) - 1;
	if (this->regs->cs != 0x33) {
		this->regs = (struct pt_regs *)((uint64_t)this->regs - 16);
	}
	printf("%d %d %d %d %s %s %d %d %d %k", tid, timestamp, curtask->pid, curtask->tgid, curtask->comm,
	    curtask->group_leader->comm, this->regs->cs == 0x33 ? this->regs->orig_ax : -1,
	    this->regs->di, this->regs->si, stack(24));
}

rawtp:::sched_exit_tp
/self->off && timestamp - self->off < $1/
{
	self->brief += timestamp - self->off;
	self->off = 0;
}

rawtp:::sched_exit_tp
/self->off/
{
	this->regs = (struct pt_regs *)((uint64_t)curthread->stack + 16384) - 1;
	if (this->regs->cs != 0x33) {
		this->regs = (struct pt_regs *)((uint64_t)this->regs - 16);
	}
	/* What the first argument names, if it is an open file. */
	this->files = curthread->files;
	this->file = this->files != NULL && this->regs->cs == 0x33 && this->regs->di < this->files->fdt->max_fds ?
	    this->files->fdt->fd[this->regs->di] : NULL;
	printf("%d %d %s %s %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %s %k %k", tid, pid, execname,
	    curthread->group_leader->comm, self->off, timestamp, self->state, cpu, self->brief,
	    this->regs->cs == 0x33 ? this->regs->orig_ax : -1, this->regs->di, this->regs->si, this->regs->dx,
	    self->lock, self->kind, self->owner, self->device, self->sector, self->bytes, self->operation, self->asked,
	    curthread->flags & 0x200000 ? 1 : 0, curthread->in_iowait,
	    this->file != NULL ? stringof(this->file->f_path.dentry->d_name.name) : "", stack(24), ustack(24));
	self->brief = 0;
	self->off = 0;
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
}

profile-97
/pid && timestamp - self->slept >= $1/
{
	printf("%d %d %s %s %d %d %k %k", tid, pid, execname, curthread->group_leader->comm, timestamp, cpu,
	    stack(24), ustack(24));
}

/* What is left to tell of a thread that ends. */
rawtp:::sched_process_exit
/self->brief/
{
	printf("%d %d %s %s %d %d", tid, pid, execname, curthread->group_leader->comm, timestamp, self->brief);
}
