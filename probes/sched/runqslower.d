/*
 * question: which threads waited long for a processor?
 * output:   a line for each that waited at least --min, when it runs again
 * filter:   rawtp:::sched_switch
 * option:   min    duration leave out who waited less
 * example:  --min 5ms --duration 2
 * column:   time   time     when it ran again
 * column:   cpu    number   where
 * column:   pid    number   process
 * column:   tid    number   thread
 * column:   comm   text     command
 * column:   waited duration from being woken (or put aside for another) to running
 * column:   before text     command of the thread that ran there until then
 *
 * A thread is noticed when it gives up its processor for the first time; what it waited before is not seen.
 */
#pragma D option quiet
#pragma D option dynvarsize=32m
#pragma D option strsize=16

inline uint64_t min = 10000000;

int noticed[int];
uint64_t since[int];

/* In the thread that goes; a state of 0 says that it could go on, 0x80 that it is gone for good. */
rawtp:::sched_switch
/tid/
{
	noticed[tid] = !(arg3 & 0x80);
	since[tid] = (arg3 & 0xff) && !args[0] ? 0 : timestamp;
}

rawtp:::sched_wakeup
/noticed[args[0]->pid] && !since[args[0]->pid]/
{
	since[args[0]->pid] = timestamp;
}

/* In the thread before it on the processor. */
rawtp:*::sched_switch
/since[args[2]->pid] && timestamp - since[args[2]->pid] >= min/
{
	printf("%d %d %d %d %s %d %s\n", walltimestamp, cpu, args[2]->tgid, args[2]->pid, stringof(args[2]->comm),
	    timestamp - since[args[2]->pid], execname);
}

rawtp:*::sched_switch
{
	since[args[2]->pid] = 0;
}
