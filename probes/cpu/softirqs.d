/*
 * question: how much time do soft interrupts take, and of which kind are they?
 * output:   a row for each kind
 * example:  --duration 2
 * key:      kind  this->kind text     kind, as /proc/softirqs calls it
 * value:    count number     how many
 * value:    total duration   all together
 */
#pragma D option quiet
#pragma D option strsize=16

uint64_t since[int];

rawtp:::softirq_entry
{
	since[cpu] = timestamp;
}

rawtp:::softirq_exit
/since[cpu]/
{
	this->vector = args[0];
	this->kind = this->vector == 0 ? "HI" : this->vector == 1 ? "TIMER" : this->vector == 2 ? "NET_TX" :
	    this->vector == 3 ? "NET_RX" : this->vector == 4 ? "BLOCK" : this->vector == 5 ? "IRQ_POLL" :
	    this->vector == 6 ? "TASKLET" : this->vector == 7 ? "SCHED" : this->vector == 8 ? "HRTIMER" : "RCU";
	@count[this->kind] = count();
	@total[this->kind] = sum(timestamp - since[cpu]);
	since[cpu] = 0;
}
