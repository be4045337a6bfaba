/*
 * question: how long do threads wait for a processor when they could run?
 * output:   a histogram of nanoseconds for each process, from being woken (or put aside for another) to running
 * view:     sched/runqlat
 * unit:     ns
 * axis:     1us 10s
 * filter:   rawtp:::sched_switch
 * example:  --once --duration 2
 * row:      pid comm
 * key:      pid     this->pid  number process
 * key:      comm    this->name text   command
 * measure:  waited  from being able to run to running
 *
 * A thread is noticed when it gives up its processor for the first time; what it waited before is not counted.
 */
#pragma D option quiet
#pragma D option dynvarsize=32m
#pragma D option strsize=16

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
/since[args[2]->pid]/
{
	this->spent = timestamp - since[args[2]->pid];
	this->pid = args[2]->tgid;
	this->name = stringof(args[2]->comm);
	@waited[this->pid, this->name] = exphist(this->spent, 2);
	since[args[2]->pid] = 0;
}
