/*
 * question: where do threads wait, for how long, and who wakes them?
 * output:   nanoseconds for each process, what woke it, and the stacks at which it went to sleep; threads that a
 *           scheduler put aside while they could run are not waiting. `vtrace offcpu` shows it as a flame graph
 * view:     offcpu
 * example:  --duration 1 --top 2 -c 'sleep 0.3'
 * filter:   rawtp:::sched_switch
 */
#pragma D option quiet
#pragma D option ustackframes=60
#pragma D option stackframes=40
#pragma D option dynvarsize=32m
#pragma D option strsize=16

/* In the thread that goes to sleep. Bits above 0xff say that it was preempted; a state of 0 that it can run. */
rawtp:::sched_switch
/pid && (arg3 & 0xff)/
{
	process[tid] = pid;
	name[tid] = execname;
	user[tid] = ustack();
	kernel[tid] = stack();
	waker[tid] = "";
	since[tid] = timestamp;
}

/* In whoever wakes it, which may be an interrupt that came while nothing ran. */
rawtp:::sched_waking
/since[args[0]->pid]/
{
	waker[args[0]->pid] = tid ? execname : "interrupt";
}

/* In the thread before it on the processor. */
rawtp:*::sched_switch
/since[args[2]->pid]/
{
	this->thread = args[2]->pid;
	@samples[process[this->thread], name[this->thread], waker[this->thread], user[this->thread], kernel[this->thread]] =
	    sum(timestamp - since[this->thread]);
	since[this->thread] = 0;
}
