/*
 * question: who sends which signals to whom, and do they arrive?
 * output:   a line for each signal, when it is sent
 * filter:   rawtp:::signal_generate
 * example:  -c "sh -c 'sleep 10 & kill -TERM \$!; wait'"
 * column:   time   time   when
 * column:   pid    number process that was running: the sender, or whom an interrupt met
 * column:   comm   text   its command
 * column:   signal signal which
 * column:   target number process that gets it
 * column:   name   text   its command
 * column:   result text   sent, ignored (nobody handles it), pending (it was waiting already) or lost
 */
#pragma D option quiet

rawtp:::signal_generate
{
	printf("%d %d %s %d %d %s %s\n", walltimestamp, pid, execname, args[0], args[2]->tgid, stringof(args[2]->comm),
	    args[4] == 0 ? "sent" : args[4] == 1 ? "ignored" : args[4] == 2 ? "pending" : "lost");
}
