/*
 * question: which modules does a Python program import, and what does each cost?
 * output:   a line for each module that is loaded, when it is there
 * filter:   python*:::import-find-load-start
 * needs:    a Python that was built with static probes, as distributions' are, and that runs when the script begins
 * example:  -c '/usr/bin/python3 -c "import json"'
 * column:   time   time     when it was loaded
 * column:   pid    number   process
 * column:   took   duration from the import to its end, with what it imports itself
 * column:   found  number   1 where there is such a module
 * column:   module text     name of the module
 */
#pragma D option quiet

self uint64_t since[string];

python*:::import-find-load-start
{
	self->since[copyinstr(arg0)] = timestamp;
}

python*:::import-find-load-done
{
	this->name = copyinstr(arg0);
	if (self->since[this->name]) {
		printf("%d %d %d %d %s\n", walltimestamp, pid, timestamp - self->since[this->name], (int)arg1, this->name);
		self->since[this->name] = 0;
	}
}
