/*
 * question: who changes the user or group that a process runs as?
 * output:   a line for each call, when it returns
 * filter:   syscall::setuid:entry syscall::setgid:entry syscall::setreuid:entry syscall::setregid:entry
 *           syscall::setresuid:entry syscall::setresgid:entry
 * example:  -c 'setpriv --reuid 1000 --clear-groups true'
 * column:   time      time   when it returned
 * column:   pid       number process
 * column:   comm      text   command
 * column:   call      text   system call
 * column:   error     errno  why it failed
 * column:   real      number the real id that was asked for; -1 stays as it is
 * column:   effective number the effective one; of setuid and setgid the only one
 * column:   saved     number the saved one
 */
#pragma D option quiet

self int real;
self int effective;
self int saved;

syscall::setuid:entry,
syscall::setgid:entry
{
	self->asked = 1;
	self->real = -1;
	self->effective = (int)arg0;
	self->saved = -1;
}

syscall::setreuid:entry,
syscall::setregid:entry
{
	self->asked = 1;
	self->real = (int)arg0;
	self->effective = (int)arg1;
	self->saved = -1;
}

syscall::setresuid:entry,
syscall::setresgid:entry
{
	self->asked = 1;
	self->real = (int)arg0;
	self->effective = (int)arg1;
	self->saved = (int)arg2;
}

syscall::setuid:return,
syscall::setgid:return,
syscall::setreuid:return,
syscall::setregid:return,
syscall::setresuid:return,
syscall::setresgid:return
/self->asked/
{
	printf("%d %d %s %s %d %d %d %d\n", walltimestamp, pid, execname, probefunc, errno, self->real, self->effective,
	    self->saved);
	self->asked = 0;
}
