/*
 * question: how many bytes do reads and writes of files ask for?
 * output:   a histogram of bytes for each command, operation and file system
 * filter:   syscall::read:entry syscall::pread64:entry syscall::write:entry syscall::pwrite64:entry
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=16'
 * key:      comm execname  text  command
 * key:      op   this->op  text  read or write
 * key:      fs   this->fs  text  type of the file system
 * value:    size bytes asked for
 */
#pragma D option quiet

syscall::read:entry,
syscall::pread64:entry,
syscall::write:entry,
syscall::pwrite64:entry
{
	this->fs = fds[(int)arg0].fi_fs;
	this->op = probefunc == "read" || probefunc == "pread64" ? "read" : "write";
	if (this->fs != "sockfs" && this->fs != "pipefs" && this->fs != "anon_inodefs" && this->fs != "<none>") {
		@size[execname, this->op, this->fs] = quantize(arg2);
	}
}
