/*
 * question: which reads, writes and syncs of files take long?
 * output:   a line for each that takes at least --min, when it returns
 * filter:   syscall::read:entry syscall::pread64:entry syscall::readv:entry syscall::preadv:entry syscall::write:entry
 *           syscall::pwrite64:entry syscall::writev:entry syscall::pwritev:entry syscall::fsync:entry
 *           syscall::fdatasync:entry
 * option:   min   duration leave out what takes less
 * example:  --min 100us -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=1M count=4 conv=fsync'
 * column:   time  time     when it returned
 * column:   pid   number   process
 * column:   comm  text     command
 * column:   call  text     system call
 * column:   size  bytes    bytes read or written; 0 of a sync or an error
 * column:   took  duration from the call to its return
 * column:   fs    text     type of the file system
 * column:   path  text     of the file, within its file system
 *
 * Sockets, pipes and the like are no files: reading them is waiting for somebody.
 */
#pragma D option quiet

inline uint64_t min = 10000000;

syscall::read:entry,
syscall::pread64:entry,
syscall::readv:entry,
syscall::preadv:entry,
syscall::write:entry,
syscall::pwrite64:entry,
syscall::writev:entry,
syscall::pwritev:entry,
syscall::fsync:entry,
syscall::fdatasync:entry
{
	self->fd = (int)arg0;
	self->since = timestamp;
}

syscall::read:return,
syscall::pread64:return,
syscall::readv:return,
syscall::preadv:return,
syscall::write:return,
syscall::pwrite64:return,
syscall::writev:return,
syscall::pwritev:return,
syscall::fsync:return,
syscall::fdatasync:return
/self->since && timestamp - self->since >= min/
{
	this->fs = fds[self->fd].fi_fs;
	if (this->fs != "sockfs" && this->fs != "pipefs" && this->fs != "anon_inodefs" && this->fs != "devpts" &&
	    this->fs != "<none>") {
		printf("%d %d %s %s %d %d %s %s\n", walltimestamp, pid, execname, probefunc,
		    (int64_t)arg1 > 0 ? (int64_t)arg1 : 0, timestamp - self->since, this->fs,
		    fds[self->fd].fi_pathname);
	}
}

syscall::read:return,
syscall::pread64:return,
syscall::readv:return,
syscall::preadv:return,
syscall::write:return,
syscall::pwrite64:return,
syscall::writev:return,
syscall::pwritev:return,
syscall::fsync:return,
syscall::fdatasync:return
{
	self->since = 0;
}
