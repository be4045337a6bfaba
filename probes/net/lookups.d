/*
 * question: which names are looked up, and how long does it take?
 * output:   a line for each getaddrinfo and gethostbyname of the C library, when it returns
 * filter:   uprobe:libc:getaddrinfo:entry uprobe:libc:gethostbyname:entry
 * example:  -c 'getent ahosts localhost'
 * column:   time   time     when it returned
 * column:   pid    number   process
 * column:   comm   text     command
 * column:   took   duration from the call to its return
 * column:   failed number   1 where nothing was found
 * column:   name   text     name that was looked up
 */
#pragma D option quiet

uprobe:libc:getaddrinfo:entry,
uprobe:libc:gethostbyname:entry
/arg0/
{
	self->name = copyinstr(arg0);
	self->since = timestamp;
}

uprobe:libc:getaddrinfo:return
/self->since/
{
	printf("%d %d %s %d %d %s\n", walltimestamp, pid, execname, timestamp - self->since, (int)arg1 != 0, self->name);
	self->since = 0;
	self->name = 0;
}

uprobe:libc:gethostbyname:return
/self->since/
{
	printf("%d %d %s %d %d %s\n", walltimestamp, pid, execname, timestamp - self->since, arg1 == 0, self->name);
	self->since = 0;
	self->name = 0;
}
