/*
 * question: how much time do devices' interrupts take?
 * output:   a row for each handler
 * example:  --duration 2
 * key:      irq     args[0]    number   number of the interrupt
 * key:      handler this->name text     the device, as /proc/interrupts calls it
 * value:    count   number     how many
 * value:    total   duration   all together
 */
#pragma D option quiet
#pragma D option strsize=32

uint64_t since[int];

rawtp:::irq_handler_entry
{
	since[cpu] = timestamp;
}

rawtp:::irq_handler_exit
/since[cpu]/
{
	this->name = stringof(args[1]->name);
	@count[args[0], this->name] = count();
	@total[args[0], this->name] = sum(timestamp - since[cpu]);
	since[cpu] = 0;
}
