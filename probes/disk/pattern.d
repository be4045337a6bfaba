/*
 * question: are the requests to a disk sequential or random, and how far apart are they?
 * output:   a row for each disk, and a histogram of the distances in blocks of 512 bytes
 * filter:   io:::start
 * example:  -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=64 oflag=direct'
 * key:      dev        this->dev text   disk or partition
 * value:    sequential number    requests that begin where the one before them ended
 * value:    random     number    all others; the first is neither
 * value:    distance   number    from the end of the one before
 */
#pragma D option quiet
#pragma D option strsize=32

uint64_t end[uint64_t];

io:::start
/end[args[0]->b_edev]/
{
	this->dev = args[1]->dev_statname;
	this->away = (int64_t)args[0]->b_blkno - (int64_t)end[args[0]->b_edev];
	@sequential[this->dev] = sum(this->away == 0);
	@random[this->dev] = sum(this->away != 0);
	@distance[this->dev] = quantize(this->away);
}

io:::start
/args[0]->b_bcount/
{
	end[args[0]->b_edev] = args[0]->b_blkno + args[0]->b_bcount / 512;
}
