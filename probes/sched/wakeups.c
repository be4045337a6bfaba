/*
 * question: who wakes whom?
 * output:   how often, for each process that wakes and each that is woken: wakeups.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
	u32 woken_pid;
	char woken_comm[TASK_COMM_LEN];
};
BPF_HASH(wakeups, struct key);

RAW_TRACEPOINT_PROBE(sched_waking)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct key key = {};

	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	key.woken_pid = task->tgid;
	bpf_probe_read_kernel_str(&key.woken_comm, sizeof(key.woken_comm), task->comm);
	wakeups.atomic_increment(key);
	return 0;
}
