/*
 * question: how long do the system calls of each command take?
 * output:   a power-of-two histogram of nanoseconds for each command: latency.d for bcc
 */
#include <linux/sched.h>

struct key {
	char comm[TASK_COMM_LEN];
	u64 slot;
};
BPF_HASH(start, u32);
BPF_HISTOGRAM(took, struct key, 10240);

TRACEPOINT_PROBE(raw_syscalls, sys_enter)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();

	start.update(&tid, &now);
	return 0;
}

TRACEPOINT_PROBE(raw_syscalls, sys_exit)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *since = start.lookup(&tid);
	struct key key = {};

	if (!since)
		return 0;
	key.slot = bpf_log2l(bpf_ktime_get_ns() - *since);
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	took.atomic_increment(key);
	start.delete(&tid);
	return 0;
}
