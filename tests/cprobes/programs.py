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

# An event and a count for each getppid(): `SUBMIT` puts the event out.
EVENTS = """
struct event { u32 pid; char comm[16]; u64 number; };
DECLARE
BPF_HASH(counts, u32);

RAW_TRACEPOINT_PROBE(sys_enter)
{
    struct event event = {};
    if (ctx->args[1] != 110)
        return 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    counts.increment(event.pid);
    u64 *count = counts.lookup(&event.pid);
    event.number = count ? *count : 0;
    SUBMIT;
    return 0;
}
"""
PERF = EVENTS.replace("DECLARE", "BPF_PERF_OUTPUT(calls);").replace(
    "SUBMIT", "calls.perf_submit(ctx, &event, sizeof(event))"
)
RING = EVENTS.replace("DECLARE", "BPF_RINGBUF_OUTPUT(calls, 64);").replace(
    "SUBMIT", "calls.ringbuf_output(&event, sizeof(event), 0)"
)
