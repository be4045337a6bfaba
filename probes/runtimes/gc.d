/*
 * question: how often does Python collect garbage, and for how long does that stop it?
 * output:   a line for each collection, when it is over
 * filter:   python*:::gc-start
 * needs:    a Python that was built with static probes, as distributions' are, and that runs when the script begins
 * example:  -c '/usr/bin/python3 -c "import json, unittest, email, asyncio"'
 * column:   time       time     when it was over
 * column:   pid        number   process
 * column:   comm       text     command
 * column:   generation number   0 for the youngest objects only, 2 for all
 * column:   collected  number   objects that could not be reached
 * column:   took       duration from its start to its end
 */
#pragma D option quiet

python*:::gc-start
{
	self->generation = (int)arg0;
	self->since = timestamp;
}

python*:::gc-done
/self->since/
{
	printf("%d %d %s %d %d %d\n", walltimestamp, pid, execname, self->generation, arg0, timestamp - self->since);
	self->since = 0;
}
