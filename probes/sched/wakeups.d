/*
 * question: who wakes whom, and how often?
 * output:   a row for each pair
 * filter:   rawtp:::sched_waking
 * example:  --duration 2 --top 10
 * key:      pid     pid           number process that wakes; 0 is an interrupt while nothing runs
 * key:      comm    execname      text   its command
 * key:      woken   args[0]->tgid number process that is woken
 * key:      name    this->name    text   its command
 * value:    wakeups number        how often
 */
#pragma D option quiet
#pragma D option strsize=16

rawtp:::sched_waking
{
	this->name = stringof(args[0]->comm);
	@wakeups[pid, execname, args[0]->tgid, this->name] = count();
}
