/*
 * question: which programs are executed, with which arguments?
 * output:   a line for each execve, when the program is in place or the call has failed
 * filter:   syscall::execve:return syscall::execveat:return
 * example:  -c 'sh -c "ls -d /tmp; env true; nosuchcommand; exec date +%Y"'
 * column:   time  time   when
 * column:   pid   number process
 * column:   ppid  number its parent
 * column:   comm  text   command, as the process is called now
 * column:   error errno  why it failed
 * column:   path  text   of the program
 * column:   args  text   the first eight arguments
 */
#pragma D option quiet

self string loaded;
self uint64_t asked;

syscall::execve:entry
{
	self->asked = arg0;
}

syscall::execveat:entry
{
	self->asked = arg1;
}

rawtp:::sched_process_exec
{
	self->loaded = stringof(args[2]->filename);
}

syscall::execve:return,
syscall::execveat:return
{
	this->args = "";
	if (errno == 0) {
		/* One after the other, each with its NUL. */
		this->at = (uint64_t)curthread->mm->arg_start;
		this->end = (uint64_t)curthread->mm->arg_end;
		this->args = copyinstr(this->at);
		this->at += strlen(this->args) + 1;
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->arg = copyinstr(this->at);
			this->at += strlen(this->arg) + 1;
			this->args = strjoin(this->args, strjoin(" ", this->arg));
		}
		if (this->at < this->end) {
			this->args = strjoin(this->args, strjoin(" ", copyinstr(this->at)));
		}
	}
	printf("%d %d %d %s %d %s %s\n", walltimestamp, pid, ppid, execname, errno,
	    errno ? copyinstr(self->asked) : self->loaded, this->args);
	self->loaded = 0;
}
