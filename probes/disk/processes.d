/*
 * question: how long does each process wait for its disk requests, and how much of it is the device's doing?
 * output:   histograms of nanoseconds for each process, device, operation and size: from the time the request was
 *           queued to its completion, and from its issue to the device to its completion; `vtrace disk` shows them live
 * view:     disk
 * unit:     ns
 * axis:     10us 10s
 * example:  --once -i 2 --by comm,dev,op -c 'dd if=/dev/zero of=/var/tmp/vtrace.example bs=64k count=64 oflag=direct'
 * filter:   sdt:block::block_getrq
 * row:      pid comm
 * key:      pid     this->pid   number     process
 * key:      comm    this->name  text       command
 * key:      dev     args->dev   device     device
 * key:      op      args->rwbs  operation  operation
 * key:      size    this->size  size       size of the request, up to
 * measure:  queue   from queue to completion
 * measure:  issue   from issue to completion
 *
 * Who asked is whoever allocated the request: later steps run wherever the scheduler, the plug or the flush machinery
 * happen to be, often in a kworker. A request is known by its device and first sector, which all its events have. Of
 * two requests for one sector at the same time the later one is timed; the other is counted as untimed.
 */
#pragma D option quiet
#pragma D option strsize=16

uint64_t taken[uint32_t, uint64_t];
uint64_t queued[uint32_t, uint64_t];
uint64_t issued[uint32_t, uint64_t];
int asked_pid[uint32_t, uint64_t];
string asked_name[uint32_t, uint64_t];
self int writeback;

/* Between these two a worker writes back dirty pages, for nobody in particular. */
sdt:writeback::writeback_start
{
	self->writeback = 1;
}

sdt:writeback::writeback_written
{
	self->writeback = 0;
}

/* Before the wait for a free request. A bio that is split is queued once and gets its requests one after the other. */
sdt:block::block_bio_queue
{
	self->queued = timestamp;
}

/*
 * F before the operation asks for a flush of the device's cache first, after W for the data to be on the medium, which
 * may take a flush too. That is a request of its own, made later by the kernel, with no sector: it is known as sector
 * -1 of its device, and -2 when the device is at it.
 */
sdt:block::block_getrq
/self->queued/
{
	this->pid = self->writeback ? 0 : pid;
	this->name = self->writeback ? "write-back" : execname;
	this->flags = args->rwbs;
	if ((this->flags >= "F" && this->flags < "G") || (this->flags >= "WF" && this->flags < "WG")) {
		queued[args->dev, (uint64_t)-1] = self->queued;
		asked_pid[args->dev, (uint64_t)-1] = this->pid;
		asked_name[args->dev, (uint64_t)-1] = this->name;
	}
	if (args->nr_sector != 0) {
		if (taken[args->dev, args->sector]++) {
			issued[args->dev, args->sector] = 0;
			@untimed["requests not timed, device", args->dev] = count();
		}
		queued[args->dev, args->sector] = self->queued;
		asked_pid[args->dev, args->sector] = this->pid;
		asked_name[args->dev, args->sector] = this->name;
	}
}

/* A bio put in front of a waiting request moves the request's first sector. */
sdt:block::block_bio_frontmerge
/queued[args->dev, args->sector + args->nr_sector]/
{
	this->end = args->sector + args->nr_sector;
	taken[args->dev, args->sector] = 1;
	queued[args->dev, args->sector] = queued[args->dev, this->end];
	asked_pid[args->dev, args->sector] = asked_pid[args->dev, this->end];
	asked_name[args->dev, args->sector] = asked_name[args->dev, this->end];
	queued[args->dev, this->end] = 0;
	asked_pid[args->dev, this->end] = 0;
	asked_name[args->dev, this->end] = 0;
	taken[args->dev, this->end] = 0;
}

/* A request appended to another one is never issued itself. */
sdt:block::block_rq_merge
/queued[args->dev, args->sector]/
{
	queued[args->dev, args->sector] = 0;
	asked_pid[args->dev, args->sector] = 0;
	asked_name[args->dev, args->sector] = 0;
	taken[args->dev, args->sector] = 0;
}

sdt:block::block_rq_issue
/args->nr_sector != 0 && queued[args->dev, args->sector]/
{
	issued[args->dev, args->sector] = timestamp;
}

/* The flush itself. Several that were asked for at once are one, and the last who asked gets it. */
sdt:block::block_rq_issue
/args->nr_sector == 0 && args->rwbs == "FF" && queued[args->dev, (uint64_t)-1]/
{
	queued[args->dev, (uint64_t)-2] = queued[args->dev, (uint64_t)-1];
	asked_pid[args->dev, (uint64_t)-2] = asked_pid[args->dev, (uint64_t)-1];
	asked_name[args->dev, (uint64_t)-2] = asked_name[args->dev, (uint64_t)-1];
	issued[args->dev, (uint64_t)-2] = timestamp;
	queued[args->dev, (uint64_t)-1] = 0;
}

/* W is still followed by F here if the device can put the data on its medium by itself: then no flush will follow. */
sdt:block::block_rq_issue
/args->rwbs >= "WF" && args->rwbs < "WG"/
{
	queued[args->dev, (uint64_t)-1] = 0;
}

/* The device was busy: the request will be issued again. */
sdt:block::block_rq_requeue
/issued[args->dev, args->sector]/
{
	issued[args->dev, args->sector] = 0;
}

sdt:block::block_rq_complete
{
	this->at = args->nr_sector == 0 && args->rwbs == "FF" ? (uint64_t)-2 : args->sector;
}

sdt:block::block_rq_complete
/issued[args->dev, this->at]/
{
	this->pid = asked_pid[args->dev, this->at];
	this->name = asked_name[args->dev, this->at];
	this->size = args->nr_sector == 0 ? 0 : args->nr_sector <= 8 ? 4096 : args->nr_sector <= 32 ? 16384 :
	    args->nr_sector <= 128 ? 65536 : args->nr_sector <= 512 ? 262144 : args->nr_sector <= 2048 ? 1048576 :
	    args->nr_sector <= 8192 ? 4194304 : -1;
	this->since_queue = timestamp - queued[args->dev, this->at];
	this->since_issue = timestamp - issued[args->dev, this->at];
	@queue[this->pid, this->name, args->dev, args->rwbs, this->size] = exphist(this->since_queue, 2);
	@issue[this->pid, this->name, args->dev, args->rwbs, this->size] = exphist(this->since_issue, 2);
	queued[args->dev, this->at] = 0;
	issued[args->dev, this->at] = 0;
	asked_pid[args->dev, this->at] = 0;
	asked_name[args->dev, this->at] = 0;
	/* The last: from here on the sector is free for the next request. */
	taken[args->dev, this->at] = 0;
}
