/*
 * question: how large are the requests to disks, and who makes them?
 * output:   a histogram of bytes for each command and operation
 * filter:   io:::start
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=64 oflag=direct'
 * key:      comm execname text  command
 * key:      op   this->op text  read, or write for all that is no read
 * value:    size bytes    asked for
 */
#pragma D option quiet
#pragma D option strsize=16

io:::start
{
	this->op = args[0]->b_flags & B_READ ? "read" : "write";
	@size[execname, this->op] = quantize(args[0]->b_bcount);
}
