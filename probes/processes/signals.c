/*
 * question: who sends which signals to whom?
 * output:   an event for each, and what became of it: signals.d for bcc
 */
#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	u32 signal;
	u32 to;
	char to_comm[TASK_COMM_LEN];
	char outcome[8];
};
BPF_PERF_OUTPUT(signals);

RAW_TRACEPOINT_PROBE(signal_generate)
{
	struct task_struct *task = (struct task_struct *)ctx->args[2];
	int result = ctx->args[4];
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&event.comm, sizeof(event.comm));
	event.signal = ctx->args[0];
	event.to = task->tgid;
	bpf_probe_read_kernel_str(&event.to_comm, sizeof(event.to_comm), task->comm);
	if (result == 0)
		__builtin_memcpy(event.outcome, "sent", 5);
	else if (result == 1)
		__builtin_memcpy(event.outcome, "ignored", 8);
	else if (result == 2)
		__builtin_memcpy(event.outcome, "pending", 8);
	else
		__builtin_memcpy(event.outcome, "lost", 5);
	signals.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
