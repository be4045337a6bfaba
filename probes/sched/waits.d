/*
 * question: for how long are threads away from a processor when they wait for something?
 * output:   a histogram of nanoseconds for each process, from going to sleep to running again
 * view:     sched/waits
 * unit:     ns
 * axis:     1us 10s
 * filter:   rawtp:::sched_switch
 * example:  --once --duration 2
 * row:      pid comm
 * key:      pid     this->pid   number process
 * key:      comm    this->name  text   command
 * key:      how     this->how   text   how it slept: signals can wake it (sleep) or cannot (disk)
 * measure:  away    from going to sleep to running again
 */
#pragma D option quiet
#pragma D option dynvarsize=32m
#pragma D option strsize=16

uint64_t since[int];
int state[int];

/* In the thread that goes to sleep. States: 1 interruptible, 2 not, 0 that it can run. */
rawtp:::sched_switch
/tid && !args[0] && (arg3 & 0xff)/
{
	since[tid] = timestamp;
	state[tid] = arg3 & 3;
}

/* In the thread before it on the processor. */
rawtp:*::sched_switch
/since[args[2]->pid]/
{
	this->spent = timestamp - since[args[2]->pid];
	this->pid = args[2]->tgid;
	this->name = stringof(args[2]->comm);
	this->how = state[args[2]->pid] & 2 ? "disk" : state[args[2]->pid] & 1 ? "sleep" : "other";
	@away[this->pid, this->name, this->how] = exphist(this->spent, 2);
	since[args[2]->pid] = 0;
}
