/*
 * question: how much memory does each process map and give back?
 * output:   bytes and calls of mmap, munmap and brk for each process: maps.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
};
struct memory {
	s64 mapped;
	s64 unmapped;
	u64 maps;
	u64 unmaps;
	u64 brks;
};
BPF_HASH(asked, u32);
BPF_HASH(memory, struct key, struct memory);

static struct memory *mine(void)
{
	struct key key = {};
	struct memory none = {};

	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	return memory.lookup_or_try_init(&key, &none);
}

static void ask(u64 size)
{
	u32 tid = bpf_get_current_pid_tgid();

	asked.update(&tid, &size);
}

TRACEPOINT_PROBE(syscalls, sys_enter_mmap)
{
	ask(args->len);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_munmap)
{
	ask(args->len);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_mmap)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *size = asked.lookup(&tid);
	struct memory *all;

	if (!size)
		return 0;
	all = mine();
	if (all && (args->ret >= 0 || args->ret < -MAX_ERRNO)) {
		__sync_fetch_and_add(&all->mapped, *size);
		__sync_fetch_and_add(&all->maps, 1);
	}
	asked.delete(&tid);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_munmap)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *size = asked.lookup(&tid);
	struct memory *all;

	if (!size)
		return 0;
	all = mine();
	if (all && args->ret == 0) {
		__sync_fetch_and_add(&all->unmapped, *size);
		__sync_fetch_and_add(&all->unmaps, 1);
	}
	asked.delete(&tid);
	return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_brk)
{
	struct memory *all = mine();

	if (all)
		__sync_fetch_and_add(&all->brks, 1);
	return 0;
}
