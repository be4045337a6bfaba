/*
 * question: who gives up its processor, and who has it taken away?
 * output:   a row for each process
 * filter:   rawtp:::sched_switch
 * example:  --duration 2 --top 10
 * key:      pid       pid      number process
 * key:      comm      execname text   command
 * value:    waited    number   times it went to sleep
 * value:    preempted number   times it could have gone on
 */
#pragma D option quiet

rawtp:::sched_switch
/pid/
{
	@waited[pid, execname] = sum(!args[0] && arg3);
	@preempted[pid, execname] = sum(args[0] || !arg3);
}
