/*
 * question: which locks does each process wait for, and for how long?
 * output:   a histogram of nanoseconds for each process, kind of lock and lock: kernel locks from the first attempt to
 *           the acquisition, user-space locks while the thread slept in futex; `vtrace locks` shows it live
 * view:     locks
 * unit:     ns
 * axis:     100ns 10s
 * example:  --once --duration 1 --waiting --by comm,kind,outcome
 * filter:   sdt:lock::contention_begin syscall::futex:entry syscall::futex_wait*:entry
 * row:      pid comm
 * key:      pid      pid            number   process
 * key:      comm     execname       text     command
 * key:      kind     this->kind     text     kind of lock
 * key:      lock     this->lock     address  address of the lock
 * key:      outcome  this->outcome  text     how the wait ended
 * extra:    tid      tid            number   thread that waited
 * extra:    cgroup   cgroup         cgroup   control group
 * measure:  locks    from the first attempt to the end of the wait
 * apart:    outcome  the time the caller gave ran out: nobody was waited for longer than asked
 *           timeout
 */
#pragma D option quiet
#pragma D option strsize=16

self uint64_t since[uint64_t];
self uint64_t flags[uint64_t];
self int broken;

/*
 * Bits of flags: 1 spinning, 2 read, 4 write, 8 real-time, 16 per CPU, 32 mutex; none for a semaphore. A mutex begins
 * with spinning, and begins again when it goes to sleep and whenever it wakes up to spin: that is one wait, which
 * starts at the first. All other begins start afresh, so that an end that was never seen cannot make a wait of hours.
 */
sdt:lock::contention_begin
{
	this->lock = (uint64_t)args->lock_addr;
	if (!(args->flags & 32) || !self->since[this->lock] || (args->flags & self->flags[this->lock] & 1)) {
		self->since[this->lock] = timestamp;
	}
	self->flags[this->lock] = args->flags;
}

sdt:lock::contention_end
/self->since[(uint64_t)args->lock_addr]/
{
	this->lock = (uint64_t)args->lock_addr;
	this->spent = timestamp - self->since[this->lock];
	this->flags = self->flags[this->lock];
	this->kind = this->flags & 32 ? "mutex" : this->flags & 16 ? "percpu rwsem" : this->flags & 8 ? "rt mutex" :
	    this->flags & 1 ? (this->flags & 2 ? "rwlock read" : this->flags & 4 ? "rwlock write" : "spinlock") :
	    this->flags & 2 ? "rwsem read" : this->flags & 4 ? "rwsem write" : "semaphore";
	this->outcome = args->ret == 0 ? "acquired" : "interrupted";
	@locks[pid, execname, this->kind, this->lock, this->outcome] = exphist(this->spent, 2);
	self->since[this->lock] = 0;
	self->flags[this->lock] = 0;
}

/*
 * Commands that wait: 0 WAIT, 9 WAIT_BITSET, 6 and 13 LOCK_PI, 11 WAIT_REQUEUE_PI. Mutexes of glibc, Go and Rust wait
 * while the word is 2, "locked, with waiters"; other values are condition variables, semaphores, joins and the like.
 */
syscall::futex:entry,
syscall::futex_time64:entry
/(arg1 & 127) == 0 || (arg1 & 127) == 9 || (arg1 & 127) == 6 || (arg1 & 127) == 13 || (arg1 & 127) == 11/
{
	self->slept = timestamp;
	self->word = arg0;
	self->pi = (arg1 & 127) == 6 || (arg1 & 127) == 13;
	self->mutex = (arg2 & 0xffffffff) == 2;
}

/* futex_wait(word, value, ...) and futex_waitv(vector, ...): the vector stands for the locks in it. */
syscall::futex_wait*:entry
{
	self->slept = timestamp;
	self->word = arg0;
	self->pi = 0;
	self->mutex = 0;
}

/* A wait with a time limit that a debugger or SIGSTOP broke off (ERESTART_RESTARTBLOCK, 516) goes on by this call. */
syscall::restart_syscall:entry
/self->broken/
{
	self->slept = timestamp;
}

/*
 * ETIMEDOUT is 110; EINTR (4) and ERESTARTSYS (512) to 516 are what signals do. After any other error (EAGAIN, when the
 * word had changed already, is common) the thread never slept.
 */
syscall::futex:return,
syscall::futex_time64:return,
syscall::futex_wait*:return,
syscall::restart_syscall:return
/self->slept/
{
	this->spent = timestamp - self->slept;
	this->lock = (uint64_t)self->word;
	this->kind = self->pi ? "futex pi" : self->mutex ? "futex mutex" : "futex";
	this->outcome = errno == 0 ? "woken" : errno == 110 ? "timeout" : "interrupted";
	self->slept = 0;
	self->broken = errno == 516;
	if (errno == 0 || errno == 110 || errno == 4 || (errno >= 512 && errno <= 516)) {
		@locks[pid, execname, this->kind, this->lock, this->outcome] = exphist(this->spent, 2);
	}
}
