/*
 * question: which processes are moved between processors, from where to where?
 * output:   how often, for each process and pair of processors: migrations.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 from;
	s32 to;
};
BPF_HASH(moves, struct key);

RAW_TRACEPOINT_PROBE(sched_migrate_task)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct key key = {};

	key.pid = task->tgid;
	bpf_probe_read_kernel_str(&key.comm, sizeof(key.comm), task->comm);
	key.from = task->thread_info.cpu;
	key.to = ctx->args[1];
	moves.atomic_increment(key);
	return 0;
}
