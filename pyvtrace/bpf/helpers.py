"""Numbers of the kernel helpers that compiled programs call (include/uapi/linux/bpf.h, `enum bpf_func_id`)."""

MAP_LOOKUP = 1
MAP_UPDATE = 2
MAP_DELETE = 3
KTIME_GET_NS = 5
GET_PRANDOM_U32 = 7
GET_SMP_PROCESSOR_ID = 8
GET_CURRENT_PID_TGID = 14
GET_CURRENT_UID_GID = 15
GET_CURRENT_COMM = 16
GET_CURRENT_CGROUP_ID = 80
PROBE_READ_USER = 112
PROBE_READ_KERNEL = 113
PROBE_READ_USER_STR = 114
PROBE_READ_KERNEL_STR = 115
RINGBUF_RESERVE = 131
RINGBUF_SUBMIT = 132
RINGBUF_DISCARD = 133
TASK_STORAGE_GET = 156
GET_CURRENT_TASK_BTF = 158
TASK_PT_REGS = 175

NAMES = {number: name.lower() for name, number in list(globals().items()) if isinstance(number, int)}
