/*
 * question: who maps how much memory, and gives how much back?
 * output:   a row for each process
 * filter:   syscall::mmap:entry syscall::munmap:entry syscall::brk:entry
 * example:  -c 'sh -c "ls /usr/bin | sort | tail -1"'
 * key:      pid      pid      number process
 * key:      comm     execname text   command
 * value:    mapped   bytes    bytes mapped by mmap
 * value:    unmapped bytes    bytes unmapped by munmap
 * value:    maps     number   how many mmap
 * value:    unmaps   number   how many munmap
 * value:    brks     number   how many brk
 */
#pragma D option quiet

syscall::mmap:entry,
syscall::munmap:entry,
syscall::brk:entry
{
	self->size = arg1;
	self->asked = 1;
}

syscall::mmap:return
/self->asked && !errno/
{
	@mapped[pid, execname] = sum(self->size);
	@maps[pid, execname] = count();
}

syscall::munmap:return
/self->asked && !errno/
{
	@unmapped[pid, execname] = sum(self->size);
	@unmaps[pid, execname] = count();
}

syscall::brk:return
/self->asked/
{
	@brks[pid, execname] = count();
}

syscall::mmap:return,
syscall::munmap:return,
syscall::brk:return
{
	self->asked = 0;
}
