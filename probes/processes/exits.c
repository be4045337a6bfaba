/*
 * question: which processes end, how old and how?
 * output:   an event for each, with its age in nanoseconds, exit status and signal: exits.d for bcc
 */
#include <linux/sched.h>

struct event {
	u32 pid;
	u32 ppid;
	char comm[TASK_COMM_LEN];
	u64 age;
	u32 status;
	u32 signal;
};
BPF_PERF_OUTPUT(exits);

RAW_TRACEPOINT_PROBE(sched_process_exit)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 both = bpf_get_current_pid_tgid();
	struct event event = {};
	int code;

	if (both >> 32 != (u32)both)
		return 0;
	code = task->exit_code;
	event.pid = both >> 32;
	event.ppid = task->real_parent->tgid;
	bpf_get_current_comm(&event.comm, sizeof(event.comm));
	event.age = bpf_ktime_get_ns() - task->start_time;
	event.status = code >> 8 & 0xff;
	event.signal = code & 0x7f;
	exits.perf_submit(ctx, &event, sizeof(event));
	return 0;
}
