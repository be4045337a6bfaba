/*
 * question: how long do event loops take from one wait to the next, and what fills the long turns?
 * output:   a histogram of nanoseconds for each thread and descriptor that it waits on (-1: poll and select), one of
 *           the events that a wait returned, and a line for each part of a long turn; `vtrace loop` shows them together
 * view:     loop
 * example:  -c 'python3 -c "import select, time; p = select.epoll(); [p.poll(0) or time.sleep(0.02) for _ in range(9)]"'
 * filter:   io:::start
 *
 * A turn is what a thread does between the return of one wait and its next. Every part of it is counted once: waiting
 * for a processor is no part of the call it happens in, nor is a kernel lock; what is left over is computing.
 *
 * A clause that may record takes room for its record whenever it runs: only the rare ones do.
 */
#pragma D option quiet
#pragma D option bufsize=4m

/* From how many nanoseconds on a turn is long. */
inline int64_t MIN = 10000000;

/* Kinds of wait, and of calls. */
inline int EPOLL = 1;
inline int POLL = 2;
inline int SELECT = 3;
inline int URING = 4;
inline int OTHER = 0;
inline int FILE = 1;
inline int PATH = 2;
inline int PATHAT = 3;
inline int FUTEX = 4;

/* S_IFREG, S_IFBLK and S_IFDIR: what such a descriptor has to wait for is a device. */
inline int STORED[unsigned mode] = (mode & 0xf000) == 0x8000 || (mode & 0xf000) == 0x6000 || (mode & 0xf000) == 0x4000;
inline struct file *OPEN[int fd] =
    fd >= 0 && fd < curthread->files->fdt->max_fds ? curthread->files->fdt->fd[fd] : (struct file *)NULL;

/* The turn: when it began, by which kind of wait on what, what there was of each part so far. */
self uint64_t turn;
self int kind;
self int fd;
self uint64_t delay;
self uint64_t faults;
self int64_t files;
self int64_t others;
self int64_t futexes;
self int64_t locks;
self int64_t pages;
self uint64_t calls;
self int told;
/* The wait that is under way, and the long turn before it. */
self int wait;
self int on;
self int own;
self uint64_t ring;
self uint64_t after;
self uint64_t sleeps;
/* The call, the kernel's lock and the page that are waited for. */
self int class;
self uint64_t argument;
self uint64_t call;
self uint64_t call_delay;
self int64_t call_locks;
self uint64_t lock;
self uint64_t lock_since;
self uint64_t lock_delay;
self uint64_t page_since;
self uint64_t page_came;
self uint64_t page_delay;

/* Whom it is about: nobody else's thread gets any storage. */
syscall:::entry,
syscall:::return,
rawtp:::contention_begin,
rawtp:::contention_end,
sched:::preempt,
sched:::sleep,
sched:::on-cpu,
io:::start,
profile:::profile-499
{
	this->ours = 1;
}

/* ------------------------------------------------------------------------------------------------ which calls wait */

syscall::epoll_wait:entry,
syscall::epoll_pwait:entry,
syscall::epoll_pwait2:entry
/this->ours/
{
	self->wait = EPOLL;
	self->on = (int)arg0;
	self->own = 1;
}

/* Where a thread has a descriptor to wait on, poll and select are calls like others: who waits there keeps the loop. */
syscall::poll:entry,
syscall::ppoll:entry
/this->ours && !self->own/
{
	self->wait = POLL;
	self->on = -1;
}

syscall::select:entry,
syscall::pselect6:entry
/this->ours && !self->own/
{
	self->wait = SELECT;
	self->on = -1;
}

/* IORING_ENTER_GETEVENTS, and at least one: else it only submits. */
syscall::io_uring_enter:entry
/this->ours && arg2 && (arg3 & 1)/
{
	self->wait = URING;
	self->on = (int)arg0;
	self->own = 1;
	/* IORING_ENTER_REGISTERED_RING: the number of a ring that the thread has registered. */
	if (arg3 & 16) {
		self->ring = (uint64_t)curthread->io_uring->registered_rings[arg0 & 15]->private_data;
	} else {
		self->ring = (uint64_t)curthread->files->fdt->fd[arg0]->private_data;
	}
}

/* A poll that was stopped and goes on. */
syscall::restart_syscall:entry
/this->ours && self->turn && self->kind == POLL/
{
	self->wait = POLL;
}

/* Another program, which is no part of the turn. */
syscall::execve:return,
syscall::execveat:return
/this->ours && (int64_t)arg1 == 0/
{
	self->turn = 0;
	self->own = 0;
}

/* ------------------------------------------------------------------------------------------- what a turn is made of */

syscall:::entry
/this->ours && self->turn && !self->wait/
{
	self->class = OTHER;
	self->call = timestamp;
	self->call_delay = curthread->sched_info.run_delay;
	self->call_locks = self->locks;
}

syscall::read:entry, syscall::pread64:entry, syscall::readv:entry, syscall::preadv:entry, syscall::preadv2:entry,
syscall::write:entry, syscall::pwrite64:entry, syscall::writev:entry, syscall::pwritev:entry,
syscall::pwritev2:entry, syscall::fsync:entry, syscall::fdatasync:entry, syscall::sync_file_range:entry,
syscall::fallocate:entry, syscall::ftruncate:entry, syscall::newfstat:entry, syscall::getdents64:entry,
syscall::readahead:entry, syscall::syncfs:entry, syscall::copy_file_range:entry
/this->ours && self->turn && !self->wait/
{
	self->class = FILE;
	self->argument = arg0;
}

syscall::sendfile:entry, syscall::sendfile64:entry
/this->ours && self->turn && !self->wait/
{
	self->class = FILE;
	self->argument = arg1;
}

syscall::open:entry, syscall::creat:entry, syscall::newstat:entry, syscall::newlstat:entry, syscall::access:entry,
syscall::unlink:entry, syscall::rename:entry, syscall::mkdir:entry, syscall::rmdir:entry, syscall::readlink:entry,
syscall::truncate:entry, syscall::statfs:entry, syscall::link:entry, syscall::symlink:entry, syscall::chmod:entry
/this->ours && self->turn && !self->wait/
{
	self->class = PATH;
	self->argument = arg0;
}

syscall::openat:entry, syscall::openat2:entry, syscall::newfstatat:entry, syscall::statx:entry,
syscall::faccessat:entry, syscall::faccessat2:entry, syscall::unlinkat:entry, syscall::renameat:entry,
syscall::renameat2:entry, syscall::mkdirat:entry, syscall::readlinkat:entry, syscall::linkat:entry,
syscall::utimensat:entry, syscall::fchmodat:entry
/this->ours && self->turn && !self->wait/
{
	self->class = PATHAT;
	self->argument = arg1;
}

syscall::futex:entry, syscall::futex_wait:entry, syscall::futex_waitv:entry
/this->ours && self->turn && !self->wait/
{
	self->class = FUTEX;
}

syscall:::return
/this->ours && self->call/
{
	this->took = (int64_t)(timestamp - self->call - (curthread->sched_info.run_delay - self->call_delay) -
	    (self->locks - self->call_locks));
	self->call = 0;
	self->calls++;
	this->file = self->class == FILE ? OPEN[(int)self->argument] : (struct file *)NULL;
	this->inode = this->file != NULL ? this->file->f_inode : (struct inode *)NULL;
	this->mode = this->inode != NULL ? this->inode->i_mode : 0;
	this->stored = STORED[this->mode] || self->class == PATH || self->class == PATHAT;
	if (this->took > 0) {
		if (this->stored) {
			self->files += this->took;
		} else if (self->class == FUTEX) {
			self->futexes += this->took;
		} else {
			self->others += this->took;
		}
	}
	/* Those that fill a turn by themselves; of many small ones, the one that makes them half of a long turn. */
	this->tell = this->took >= MIN / 10;
	if (self->files + self->futexes + self->others >= MIN / 2 && !self->told) {
		this->tell = 1;
	}
	if (this->tell) {
		self->told = 1;
	}
}

syscall:::return
/this->ours && this->tell && STORED[this->mode]/
{
	printf("F %d %d %d %s %d %d %s %k", pid, tid, self->turn, probefunc, this->took,
	    (this->mode & 0xf000) == 0x6000 ? this->inode->i_rdev : this->inode->i_sb->s_dev,
	    fds[(int)self->argument].fi_pathname, ustack(48));
}

syscall:::return
/this->ours && this->tell && (self->class == PATH || self->class == PATHAT)/
{
	printf("F %d %d %d %s %d %d %s %k", pid, tid, self->turn, probefunc, this->took, 0, copyinstr(self->argument),
	    ustack(48));
}

syscall:::return
/this->ours && this->tell && !this->stored/
{
	printf("C %d %d %d %s %d %d %s %k", pid, tid, self->turn, probefunc, this->took, 0, "", ustack(48));
}

/* The kernel's own locks: the outermost that is waited for. */
rawtp:::contention_begin
/this->ours && self->turn && !self->lock/
{
	self->lock = arg0;
	self->lock_since = timestamp;
	self->lock_delay = curthread->sched_info.run_delay;
}

rawtp:::contention_end
/this->ours && self->lock && self->lock == arg0/
{
	this->waited = (int64_t)(timestamp - self->lock_since - (curthread->sched_info.run_delay - self->lock_delay));
	self->lock = 0;
	if (this->waited > 0) {
		self->locks += this->waited;
	}
}

rawtp:::contention_end
/this->ours && this->waited >= MIN / 10/
{
	printf("L %d %d %d %s %d %d %s %k", pid, tid, self->turn, "kernel lock", this->waited, 0, "", stack(8));
}

/* Who sleeps outside of any call waits for a page. The kernel adds the time on a run queue to run_delay after the switch,
   so how long the page took is known at what follows next. */
sched:::preempt, sched:::sleep
/this->ours && self->page_came/
{
	this->paged = (int64_t)(self->page_came - self->page_since - (curthread->sched_info.run_delay - self->page_delay));
	self->pages += this->paged > 0 ? this->paged : 0;
	self->page_since = 0;
	self->page_came = 0;
}

sched:::sleep
/this->ours && self->turn && !self->call && !self->lock && !self->wait/
{
	self->page_since = timestamp;
	self->page_delay = curthread->sched_info.run_delay;
}

sched:::on-cpu
/this->ours && self->page_since && !self->page_came/
{
	self->page_came = timestamp;
}

io:::start
/this->ours && self->turn && !self->call && !self->wait/
{
	printf("P %d %d %d %s %d %d %s %k", pid, tid, self->turn, "page fault", 0, args[0]->b_edev, args[2]->fi_pathname,
	    ustack(48));
}

syscall:::entry
/this->ours && self->page_came/
{
	this->paged = (int64_t)(self->page_came - self->page_since - (curthread->sched_info.run_delay - self->page_delay));
	self->pages += this->paged > 0 ? this->paged : 0;
	self->page_since = 0;
	self->page_came = 0;
}

/* Of a turn that has become half as long as a long one. */
profile:::profile-499
/this->ours && self->turn && !self->call && !self->wait && timestamp - self->turn >= MIN / 2/
{
	printf("S %d %d %d %k", pid, tid, self->turn, ustack(127));
}

/* ---------------------------------------------------------------------------------------------- from wait to wait */

syscall:::entry
/this->ours && self->wait/
{
	this->long = 0;
	this->turn = 0;
	if (self->turn) {
		this->turn = timestamp - self->turn;
		@turns[pid, tid, execname, self->kind, self->fd] = exphist(this->turn, 2);
		this->long = this->turn >= MIN;
	}
	self->after = this->long ? self->turn : 0;
	self->sleeps = curthread->nvcsw;
}

syscall:::entry
/this->ours && self->wait && this->long/
{
	printf("T %d %d %d %s %d %d %d %d %d %d %d %d %d %d %d", pid, tid, self->turn, execname, self->kind, self->fd,
	    this->turn, self->files, self->others, self->futexes, self->locks, self->pages,
	    curthread->sched_info.run_delay - self->delay, self->calls, curthread->maj_flt - self->faults);
}

syscall:::entry
/this->ours && self->wait/
{
	self->turn = 0;
	@under_way[pid, tid, execname, self->wait, self->on] = max(timestamp * 2);
}

syscall:::return
/this->ours && self->wait/
{
	this->ready = (int64_t)arg1 > 0 ? (int64_t)arg1 : 0;
	/* io_uring_enter returns what it submitted; what is ready lies between the two ends of a queue. */
	if (self->wait == URING) {
		this->ready = (int64_t)(((struct io_ring_ctx *)self->ring)->rings->cq.tail -
		    ((struct io_ring_ctx *)self->ring)->rings->cq.head);
	}
	@ready[pid, tid, execname, self->wait, self->on] = exphist(this->ready, 2);
	@under_way[pid, tid, execname, self->wait, self->on] = max(timestamp * 2 + 1);
}

syscall:::return
/this->ours && self->wait && self->after/
{
	printf("Q %d %d %d %d %d", pid, tid, self->after, this->ready, curthread->nvcsw - self->sleeps);
}

syscall:::return
/this->ours && self->wait/
{
	self->after = 0;
	self->kind = self->wait;
	self->fd = self->on;
	self->turn = timestamp;
	self->delay = curthread->sched_info.run_delay;
	self->faults = curthread->maj_flt;
	self->files = self->others = self->futexes = self->locks = self->pages = 0;
	self->calls = 0;
	self->told = 0;
	self->wait = 0;
}
