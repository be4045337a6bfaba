"""C programs that several tests run."""

CALLS = """
#include <linux/sched.h>
struct key { u32 pid; char comm[TASK_COMM_LEN]; };
BPF_HASH(counts, struct key);
BPF_HASH(begun, u32);

TRACEPOINT_PROBE(raw_syscalls, sys_enter)
{
    struct key key = {};
    u64 now = bpf_ktime_get_ns();
    u32 tid = bpf_get_current_pid_tgid();

    if (args->id != 110)        // getppid
        return 0;
    key.pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    counts.increment(key);
    begun.update(&tid, &now);
    begun.delete(&tid);
    return 0;
}
"""
