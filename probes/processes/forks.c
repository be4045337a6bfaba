/*
 * question: who starts processes and threads?
 * output:   an event for each: forks.d for bcc
 */
#include <linux/sched.h>

struct event {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char what[8];
	u32 child;
};
BPF_PERF_OUTPUT(forks);

RAW_TRACEPOINT_PROBE(sched_process_fork)
{
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	struct event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&event.comm, sizeof(event.comm));
	event.child = child->pid;
	if (child->tgid == event.pid)
		__builtin_memcpy(event.what, "thread", 7);
	else
		__builtin_memcpy(event.what, "process", 8);
	forks.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
