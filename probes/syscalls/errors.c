/*
 * question: which system calls of each process fail, and with what?
 * output:   how often, for each process, number of a call and error: errors.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
	u32 call;
	u32 error;
};
BPF_HASH(failed, struct key);

TRACEPOINT_PROBE(raw_syscalls, sys_exit)
{
	struct key key = {};

	if (args->ret >= 0 || args->ret < -MAX_ERRNO)
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	key.call = args->id;
	key.error = -args->ret;
	failed.atomic_increment(key);
	return 0;
}
