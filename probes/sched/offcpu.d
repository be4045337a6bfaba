/*
 * question: where do threads wait, for how long, and who wakes them?
 * output:   nanoseconds for each process, what woke it, and the stacks at which it went to sleep; threads that a
 *           scheduler put aside while they could run are not waiting. `vtrace offcpu` shows it as a flame graph
 * filter:   sdt:sched::sched_switch
 */
#pragma D option quiet
#pragma D option ustackframes=60
#pragma D option stackframes=40
#pragma D option dynvarsize=32m
#pragma D option strsize=16

/* In the thread that goes to sleep. Bits above 0xff say that it was preempted; a state of 0 that it can run. */
sdt:sched::sched_switch
/pid && (args->prev_state & 0xff)/
{
	this->thread = args->prev_pid;
	process[this->thread] = pid;
	name[this->thread] = execname;
	user[this->thread] = ustack();
	kernel[this->thread] = stack();
	waker[this->thread] = "";
	since[this->thread] = timestamp;
}

/* In whoever wakes it, which may be an interrupt that came while nothing ran. */
sdt:sched::sched_waking
/since[args->pid]/
{
	waker[args->pid] = tid ? execname : "interrupt";
}

/* In the thread before it on the processor. */
sdt:::sched_switch
/since[args->next_pid]/
{
	this->thread = args->next_pid;
	@samples[process[this->thread], name[this->thread], waker[this->thread], user[this->thread], kernel[this->thread]] =
	    sum(timestamp - since[this->thread]);
	since[this->thread] = 0;
}
