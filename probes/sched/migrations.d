/*
 * question: which threads are moved from one processor to another?
 * output:   a row for each process and pair of processors
 * example:  --duration 2 --top 10
 * key:      pid   args[0]->tgid number process that is moved
 * key:      comm  this->name    text   its command
 * key:      from  this->from    number processor it was on
 * key:      to    args[1]       number processor it goes to
 * value:    moves number        how often
 */
#pragma D option quiet
#pragma D option strsize=16

rawtp:::sched_migrate_task
{
	this->name = stringof(args[0]->comm);
	this->from = args[0]->thread_info.cpu;
	@moves[args[0]->tgid, this->name, this->from, args[1]] = count();
}
