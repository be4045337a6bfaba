/*
 * question: which processes fault, at what access and why?
 * output:   how often, for each process, access and reason: faults.d for bcc
 */
#include <linux/sched.h>

struct key {
	u32 pid;
	char comm[TASK_COMM_LEN];
	char access[8];
	char why[16];
};
BPF_HASH(faults, struct key);

/* Bits of the error code: 1 the page is there, 2 a write, 16 an instruction. */
TRACEPOINT_PROBE(exceptions, page_fault_user)
{
	struct key key = {};

	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	if (args->error_code & 2)
		__builtin_memcpy(key.access, "write", 6);
	else if (args->error_code & 16)
		__builtin_memcpy(key.access, "fetch", 6);
	else
		__builtin_memcpy(key.access, "read", 5);
	if (args->error_code & 1)
		__builtin_memcpy(key.why, "protected", 10);
	else
		__builtin_memcpy(key.why, "missing", 8);
	faults.atomic_increment(key);
	return 0;
}
