/*
 * question: how long do the requests to each disk take?
 * output:   a histogram of nanoseconds for each disk and operation
 * filter:   io:::start
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=64 oflag=direct'
 * key:      dev   this->dev text     disk or partition
 * key:      op    this->op  text     read, or write for all that is no read
 * value:    took  duration  from being asked for to its end
 *
 * A request is known by its device and first block.
 */
#pragma D option quiet
#pragma D option dynvarsize=16m
#pragma D option strsize=32

uint64_t since[uint64_t, uint64_t];

io:::start
{
	since[args[0]->b_edev, args[0]->b_blkno] = timestamp;
}

io:::done
/since[args[0]->b_edev, args[0]->b_blkno]/
{
	this->dev = args[1]->dev_statname;
	this->op = args[0]->b_flags & B_READ ? "read" : "write";
	@took[this->dev, this->op] = quantize(timestamp - since[args[0]->b_edev, args[0]->b_blkno]);
	since[args[0]->b_edev, args[0]->b_blkno] = 0;
}
