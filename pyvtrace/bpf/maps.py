"""Map types and creation flags (include/uapi/linux/bpf.h)."""

HASH = 1
ARRAY = 2
PERCPU_ARRAY = 6
QUEUE = 22
RINGBUF = 27
TASK_STORAGE = 29

NO_PREALLOC = 1 << 0
RDONLY_PROG = 1 << 7
MMAPABLE = 1 << 10

UPDATE_ANY, UPDATE_NEW = 0, 1
