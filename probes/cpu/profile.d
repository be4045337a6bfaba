/*
 * question: what do processors spend their time on?
 * output:   the stacks that were found running, 99 times a second on every processor, each with how often;
 *           `vtrace profile` shows them for processes that one chooses, and as a flame graph
 * view:     profile
 * example:  --duration 1 --top 2
 * filter:   profile:::profile-99
 */
#pragma D option quiet
#pragma D option ustackframes=127
#pragma D option stackframes=122

profile:::profile-99
/pid/
{
	@samples[pid, execname, "", ustack(), stack()] = count();
}
