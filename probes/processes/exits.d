/*
 * question: which processes end, why, and how long had they lived?
 * output:   a line for each process, when its first thread ends
 * filter:   rawtp:::sched_process_exit
 * option:   failed flag only those that end by a signal or with a status that is not 0
 * example:  -c "sh -c 'sleep 0.1; sh -c false; timeout -s KILL 0.1 sleep 5'"
 * column:   time   time     when
 * column:   pid    number   process
 * column:   ppid   number   its parent
 * column:   comm   text     command
 * column:   age    duration since it was started
 * column:   status number   what it gave to exit()
 * column:   signal signal   what ended it; 0 if none did
 */
#pragma D option quiet

inline int failed = 0;

rawtp:::sched_process_exit
/pid == tid && (!failed || curthread->exit_code != 0)/
{
	this->code = curthread->exit_code;
	printf("%d %d %d %s %d %d %d\n", walltimestamp, pid, ppid, execname, timestamp - curthread->start_time,
	    (this->code >> 8) & 0xff, this->code & 0x7f);
}
