/*
 * question: how many threads stand in line for each processor?
 * output:   a histogram for each processor of how many could run but did not, 99 times a second
 * needs:    BTF, and a kernel with groups of the fair scheduler
 * example:  --duration 2
 * key:      cpu     cpu    number processor
 * value:    waiting number threads that wait for it
 */
#pragma D option quiet

profile:::profile-99
{
	this->running = curthread->se.cfs_rq->rq->nr_running;
	@waiting[cpu] = lquantize(this->running ? (int)this->running - 1 : 0, 0, 64, 1);
}
