/*
 * question: which requests does each disk get, from whom, and how long does each take?
 * output:   a line a request, when it is done
 * filter:   io:::start
 * option:   min   duration leave out what takes less
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=4 oflag=direct'
 * column:   time  time     when it was done
 * column:   pid   number   process that asked
 * column:   comm  text     its command
 * column:   dev   text     disk or partition
 * column:   op    text     read, or write for all that is no read
 * column:   block number   first block of 512 bytes
 * column:   size  bytes    bytes
 * column:   took  duration from being asked for to its end
 * column:   error errno    why it failed
 *
 * A request is known by its device and first block.
 */
#pragma D option quiet
#pragma D option dynvarsize=16m
#pragma D option strsize=32

inline uint64_t min = 0;

uint64_t since[uint64_t, uint64_t];
int asked[uint64_t, uint64_t];
string name[uint64_t, uint64_t];

io:::start
{
	since[args[0]->b_edev, args[0]->b_blkno] = timestamp;
	asked[args[0]->b_edev, args[0]->b_blkno] = pid;
	name[args[0]->b_edev, args[0]->b_blkno] = execname;
}

io:::done
/since[args[0]->b_edev, args[0]->b_blkno]/
{
	this->dev = args[0]->b_edev;
	this->block = args[0]->b_blkno;
	this->took = timestamp - since[this->dev, this->block];
	if (this->took >= min) {
		printf("%d %d %s %s %s %d %d %d %d\n", walltimestamp, asked[this->dev, this->block],
		    name[this->dev, this->block], args[1]->dev_statname, args[0]->b_flags & B_READ ? "read" : "write",
		    this->block, args[0]->b_bcount, this->took, args[0]->b_error);
	}
	since[this->dev, this->block] = 0;
	asked[this->dev, this->block] = 0;
	name[this->dev, this->block] = 0;
}
