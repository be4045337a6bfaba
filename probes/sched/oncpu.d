/*
 * question: for how long do threads run before they give up their processor, and on which?
 * output:   a histogram of nanoseconds for each process; --by pid,comm,cpu tells on which processor
 * view:     sched/oncpu
 * unit:     ns
 * axis:     1us 1s
 * filter:   rawtp:::sched_switch
 * example:  --once --duration 2
 * row:      pid comm
 * key:      pid     pid      number process
 * key:      comm    execname text   command
 * extra:    tid     tid      number thread
 * extra:    cpu     cpu      number processor
 * measure:  ran     from getting a processor to giving it up
 *
 * A thread is noticed when it gives up its processor for the first time; how long it ran before is not counted.
 */
#pragma D option quiet
#pragma D option dynvarsize=32m

int noticed[int];
uint64_t since[int];

/* In the thread that goes, for good in the state 0x80. */
rawtp:::sched_switch
/tid/
{
	noticed[tid] = !(arg3 & 0x80);
	if (since[tid]) {
		this->spent = timestamp - since[tid];
		@ran[pid, execname] = exphist(this->spent, 2);
		since[tid] = 0;
	}
}

/* In the thread before it on the processor. */
rawtp:*::sched_switch
/noticed[args[2]->pid]/
{
	since[args[2]->pid] = timestamp;
}
