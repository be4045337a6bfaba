/*
 * question: which processes use the processors?
 * output:   a row for each process, with the samples that found it running, 997 a second on every processor
 * filter:   profile:::profile-997
 * example:  --duration 2 --top 10
 * key:      pid     pid      number process
 * key:      comm    execname text   command
 * value:    samples number   how often it was found running
 * value:    kernel  number   how often in the kernel
 */
#pragma D option quiet

/* arg0 is the instruction in the kernel, arg1 the one in the process: one of the two is 0. */
profile:::profile-997
/pid/
{
	@samples[pid, execname] = count();
	@kernel[pid, execname] = sum(arg0 != 0);
}
