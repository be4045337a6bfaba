/*
 * question: does each process leave its processors to wait, or is it put aside?
 * output:   how often either, for each process: switches.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
};
struct switches {
	s64 waited;
	s64 preempted;
};
BPF_HASH(switches, struct key, struct switches);

/* Arguments: whether it is put aside, the thread that goes, the one that comes, the state of the first. */
RAW_TRACEPOINT_PROBE(sched_switch)
{
	struct key key = {};
	struct switches none = {}, *all;

	key.pid = bpf_get_current_pid_tgid() >> 32;
	if (!key.pid)
		return 0;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	all = switches.lookup_or_try_init(&key, &none);
	if (!all)
		return 0;
	if (!(u8)ctx->args[0] && (u32)ctx->args[3])
		__sync_fetch_and_add(&all->waited, 1);
	else
		__sync_fetch_and_add(&all->preempted, 1);
	return 0;
}
