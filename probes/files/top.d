/*
 * question: which files are read and written most?
 * output:   a row for each process and file
 * filter:   syscall::read:return syscall::pread64:return syscall::write:return syscall::pwrite64:return
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=16'
 * key:      pid    pid          number process
 * key:      comm   execname     text   command
 * key:      path   this->path   text   of the file, within its file system
 * value:    read   bytes  bytes read
 * value:    wrote  bytes  bytes written
 * value:    reads  number how many reads
 * value:    writes number how many writes
 */
#pragma D option quiet
#pragma D option strsize=128

syscall::read:entry,
syscall::pread64:entry,
syscall::write:entry,
syscall::pwrite64:entry
{
	self->fd = (int)arg0 + 1;
}

syscall::read:return,
syscall::pread64:return,
syscall::write:return,
syscall::pwrite64:return
/self->fd && !errno/
{
	this->fs = fds[self->fd - 1].fi_fs;
	this->file = this->fs != "sockfs" && this->fs != "pipefs" && this->fs != "anon_inodefs" && this->fs != "<none>";
	this->path = fds[self->fd - 1].fi_pathname;
	this->reads = probefunc == "read" || probefunc == "pread64";
	if (this->file) {
		@read[pid, execname, this->path] = sum(this->reads ? arg1 : 0);
		@wrote[pid, execname, this->path] = sum(this->reads ? 0 : arg1);
		@reads[pid, execname, this->path] = sum(this->reads);
		@writes[pid, execname, this->path] = sum(!this->reads);
	}
	self->fd = 0;
}
