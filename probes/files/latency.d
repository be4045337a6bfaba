/*
 * question: how long do operations on the files of each file system take?
 * output:   a histogram of nanoseconds for each file system and operation
 * view:     files/latency
 * unit:     ns
 * axis:     1us 10s
 * filter:   syscall::read:entry syscall::pread64:entry syscall::write:entry syscall::pwrite64:entry
 *           syscall::fsync:entry syscall::fdatasync:entry syscall::getdents64:entry
 * example:  --once --by fs,op -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=16 conv=fsync'
 * row:      fs op
 * key:      pid   pid       number process
 * key:      comm  execname  text   command
 * key:      fs    this->fs  text   file system
 * key:      op    probefunc text   system call
 * measure:  took  from the call to its return
 */
#pragma D option quiet

syscall::read:entry,
syscall::pread64:entry,
syscall::write:entry,
syscall::pwrite64:entry,
syscall::fsync:entry,
syscall::fdatasync:entry,
syscall::getdents64:entry
{
	self->fd = (int)arg0;
	self->since = timestamp;
}

syscall::read:return,
syscall::pread64:return,
syscall::write:return,
syscall::pwrite64:return,
syscall::fsync:return,
syscall::fdatasync:return,
syscall::getdents64:return
/self->since/
{
	this->spent = timestamp - self->since;
	this->fs = fds[self->fd].fi_fs;
	if (this->fs != "sockfs" && this->fs != "pipefs" && this->fs != "anon_inodefs" && this->fs != "<none>") {
		@took[pid, execname, this->fs, probefunc] = exphist(this->spent, 2);
	}
	self->since = 0;
}
