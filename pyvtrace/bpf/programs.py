"""Program types (include/uapi/linux/bpf.h, `enum bpf_prog_type`)."""

KPROBE = 2
TRACEPOINT = 5
PERF_EVENT = 7
RAW_TRACEPOINT = 17
TRACING = 26
