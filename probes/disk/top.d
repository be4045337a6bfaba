/*
 * question: which processes use which disks most?
 * output:   a row for each process, disk and operation
 * filter:   io:::start
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=64 oflag=direct'
 * key:      pid      pid       number process
 * key:      comm     execname  text   command
 * key:      dev      this->dev text   disk or partition
 * key:      op       this->op  text   read, or write for all that is no read
 * value:    size     bytes     bytes asked for
 * value:    requests number    how many
 */
#pragma D option quiet
#pragma D option strsize=32

io:::start
{
	this->dev = args[1]->dev_statname;
	this->op = args[0]->b_flags & B_READ ? "read" : "write";
	@size[pid, execname, this->dev, this->op] = sum(args[0]->b_bcount);
	@requests[pid, execname, this->dev, this->op] = count();
}
