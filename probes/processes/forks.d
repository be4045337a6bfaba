/*
 * question: who starts processes and threads?
 * output:   a line for each, when it is made
 * filter:   rawtp:::sched_process_fork
 * example:  -c 'sh -c "true; /bin/true; (/bin/true; true)"'
 * column:   time  time   when
 * column:   pid   number process that makes it
 * column:   comm  text   command
 * column:   kind  text   process or thread
 * column:   child number its process id, or the thread's
 */
#pragma D option quiet

rawtp:::sched_process_fork
{
	printf("%d %d %s %s %d\n", walltimestamp, pid, execname, args[1]->tgid == pid ? "thread" : "process", args[1]->pid);
}
