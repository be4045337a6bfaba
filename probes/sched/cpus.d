/*
 * question: which processors does each process run on, and for how long?
 * output:   a row for each process and processor
 * filter:   rawtp:::sched_switch
 * example:  --duration 2 --top 10
 * key:      pid   pid      number process
 * key:      comm  execname text   command
 * key:      cpu   cpu      number processor
 * value:    ran   duration all together
 * value:    turns number   how many times it got it
 *
 * A thread is noticed when it gives up its processor for the first time; what it ran before is not counted.
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
		@ran[pid, execname, cpu] = sum(timestamp - since[tid]);
		@turns[pid, execname, cpu] = count();
		since[tid] = 0;
	}
}

/* In the thread before it on the processor. */
rawtp:*::sched_switch
/noticed[args[2]->pid]/
{
	since[args[2]->pid] = timestamp;
}
