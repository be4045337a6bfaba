struct two { struct mutex held; struct mutex other; struct rw_semaphore reading; struct rw_semaphore writing; rwlock_t r; rwlock_t w; rwlock_t wait; };
BEGIN
{
	this->t = (struct two *)alloca(sizeof (struct two));
	/* A mutex's word is its owner's task, with flags in the low three bits. */
	this->t->held.owner.counter = (long)curthread | 5;
	this->t->other.owner.counter = (long)curthread->real_parent;
	printf("%d %d %d\n", mutex_owned(&this->t->held), mutex_owner(&this->t->held) == curthread, mutex_owner(&this->t->held)->pid == tid);
	printf("%d %d\n", mutex_owned(&this->t->other), mutex_owner(&this->t->other) == curthread->real_parent);
	printf("%d %d\n", mutex_type_adaptive(&this->t->held), mutex_type_spin(&this->t->held));
}
BEGIN
{
	this->t = (struct two *)alloca(sizeof (struct two));
	/* Two readers; a writer; the same of spinning locks; and a writer that waits for a reader. */
	this->t->reading.count.counter = 2 << 8;
	this->t->writing.count.counter = 1;
	this->t->r.raw_lock.cnts.counter = 2 << 9;
	this->t->w.raw_lock.cnts.counter = 0xff;
	this->t->wait.raw_lock.cnts.counter = 1 << 9 | 0x100;
	printf("%d %d %d\n", rw_read_held(&this->t->reading), rw_write_held(&this->t->reading), rw_iswriter(&this->t->reading));
	printf("%d %d %d\n", rw_read_held(&this->t->writing), rw_write_held(&this->t->writing), rw_iswriter(&this->t->writing));
	printf("%d %d %d\n", rw_read_held(&this->t->r), rw_write_held(&this->t->r), rw_iswriter(&this->t->r));
	printf("%d %d %d\n", rw_read_held(&this->t->w), rw_write_held(&this->t->w), rw_iswriter(&this->t->w));
	printf("%d %d %d\n", rw_read_held(&this->t->wait), rw_write_held(&this->t->wait), rw_iswriter(&this->t->wait));
	exit(0);
}
