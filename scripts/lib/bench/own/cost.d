/*
 * What a process asks of bpf(2), and which of our modules it opens. union bpf_attr, <linux/bpf.h>: of a program its type,
 * the number of its instructions and, 48 bytes in, its name; of a map its type, the sizes of its key and its value, the
 * number of its entries, its flags and, 28 bytes in, its name. CPUS is how many processors there may be, PACKAGE where
 * vtrace is installed. The ring buffer has no keys and no values: its size is what the option bufsize says.
 */
syscall::bpf:entry
/arg0 == 5/
{
	@instructions[stringof((char *)copyin(arg1 + 48, 16))] = sum(*(uint32_t *)copyin(arg1 + 4, 4));
}

/* A map that is mapped to memory (BPF_F_MMAPABLE) has its entries once for each processor. */
syscall::bpf:entry
/arg0 == 0/
{
	this->map = (uint32_t *)copyin(arg1, 20);
	this->entries = this->map[4] & 0x400 ? this->map[3] / CPUS : this->map[3];
	@map_bytes[stringof((char *)copyin(arg1 + 28, 16))] = sum((uint64_t)(this->map[1] + this->map[2]) * this->entries);
}

syscall::openat:entry
{
	self->path = arg1;
}

/* By now the kernel has brought in the page that the path is on. Of its name, what follows the first dot is the Python. */
syscall::openat:return
/self->path && errno == 0 && strstr(copyinstr(self->path), "PACKAGE/") != NULL/
{
	@modules[strtok(basename(copyinstr(self->path)), ".")] = count();
}

syscall::openat:return
{
	self->path = 0;
}
