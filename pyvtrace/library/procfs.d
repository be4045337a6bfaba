/* Processes and threads as proc(4) describes them, and what the kernel's task_struct has of that. */

typedef struct psinfo {
	int pr_nlwp;		/* number of threads */
	pid_t pr_pid;
	pid_t pr_ppid;
	pid_t pr_pgid;
	pid_t pr_sid;
	uid_t pr_uid;		/* real user id */
	uid_t pr_euid;
	gid_t pr_gid;
	gid_t pr_egid;
	uintptr_t pr_addr;	/* address of the task_struct */
	size_t pr_size;		/* of the address space, in pages */
	dev_t pr_ttydev;
	char pr_fname[16];	/* name of the command */
	string pr_psargs;	/* its first argument; the command's name of processes and threads that do not run */
	uintptr_t pr_argv;	/* addresses in the process */
	uintptr_t pr_envp;
	char pr_dmodel;
	int pr_wstat;
} psinfo_t;

typedef struct lwpsinfo {
	int pr_flag;		/* PR_* below */
	id_t pr_lwpid;
	uintptr_t pr_addr;	/* address of the task_struct */
	uintptr_t pr_wchan;
	char pr_stype;
	int pr_state;		/* S* below */
	char pr_sname;
	short pr_syscall;
	int pr_pri;		/* the kernel's prio: less is more urgent */
	char pr_clname[8];
	int pr_onpro;		/* CPU that it ran on last */
	int pr_bindpro;
	int pr_bindpset;
} lwpsinfo_t;

inline char PR_MODEL_ILP32 = 1;
inline char PR_MODEL_LP64 = 2;

inline int PR_STOPPED = 0x00000001;
inline int PR_ISTOP = 0x00000002;
inline int PR_DSTOP = 0x00000004;
inline int PR_STEP = 0x00000008;
inline int PR_ASLEEP = 0x00000010;
inline int PR_PCINVAL = 0x00000020;
inline int PR_ASLWP = 0x00000040;
inline int PR_AGENT = 0x00000080;
inline int PR_DETACH = 0x00000100;
inline int PR_DAEMON = 0x00000200;
inline int PR_IDLE = 0x00000400;
inline int PR_ISSYS = 0x00001000;
inline int PR_VFORKP = 0x00002000;
inline int PR_ORPHAN = 0x00004000;
inline int PR_NOSIGCHLD = 0x00008000;
inline int PR_WAITPID = 0x00010000;

inline int SSLEEP = 1;
inline int SRUN = 2;
inline int SZOMB = 3;
inline int SSTOP = 4;
inline int SIDL = 5;
inline int SONPROC = 6;
inline int SWAIT = 7;

inline char SOBJ_NONE = 0;
inline char SOBJ_MUTEX = 1;
inline char SOBJ_RWLOCK = 2;
inline char SOBJ_CV = 3;
inline char SOBJ_SEMA = 4;
inline char SOBJ_USER = 5;
inline char SOBJ_USER_PI = 6;
inline char SOBJ_SHUTTLE = 7;

/* Process groups and sessions: PIDTYPE_PGID and PIDTYPE_SID in include/linux/pid_types.h. A kernel thread has no mm.
 * Where a probe is for the thread that is about to run, memory is still that of the one before it. */
translator psinfo_t < struct task_struct *T > {
	pr_nlwp = T->signal->nr_threads;
	pr_pid = T->tgid;
	pr_ppid = T->real_parent->tgid;
	pr_pgid = T->signal->pids[2]->numbers->nr;
	pr_sid = T->signal->pids[3]->numbers->nr;
	pr_uid = T->cred->uid.val;
	pr_euid = T->cred->euid.val;
	pr_gid = T->cred->gid.val;
	pr_egid = T->cred->egid.val;
	pr_addr = (uintptr_t)T;
	pr_size = T->mm != NULL ? T->mm->total_vm : 0;
	pr_ttydev = 0;
	pr_fname = T->comm;
	pr_psargs = T->tgid == pid && T->mm != NULL && T->on_cpu ? copyinstr(T->mm->arg_start) : stringof(T->comm);
	pr_argv = T->mm != NULL ? T->mm->arg_start : 0;
	pr_envp = T->mm != NULL ? T->mm->env_start : 0;
	pr_dmodel = PR_MODEL_LP64;
	pr_wstat = T->exit_code;
};

/* States are bits, of which 1 and 2 are sleeps, 4 and 8 stops (include/linux/sched.h). */
translator lwpsinfo_t < struct task_struct *T > {
	pr_flag = (T->__state & 0xc ? PR_STOPPED : 0) | (T->__state & 0x3 ? PR_ASLEEP : 0) |
	    (T->flags & 0x00200000 ? PR_ISSYS : 0);
	pr_lwpid = T->pid;
	pr_addr = (uintptr_t)T;
	pr_wchan = 0;
	pr_stype = SOBJ_NONE;
	pr_state = T->exit_state & 0x30 ? SZOMB : T->__state & 0xc ? SSTOP : T->__state & 0x3 ? SSLEEP :
	    T->on_cpu ? SONPROC : SRUN;
	pr_sname = T->exit_state & 0x30 ? 'Z' : T->__state & 0xc ? 'T' : T->__state & 0x3 ? 'S' : T->on_cpu ? 'O' : 'R';
	pr_syscall = 0;
	pr_pri = T->prio;
	pr_onpro = T->wake_cpu;
	pr_bindpro = T->nr_cpus_allowed == 1 ? T->wake_cpu : -1;
	pr_bindpset = -1;
};

inline psinfo_t *curpsinfo = xlate <psinfo_t *> (curthread);
inline lwpsinfo_t *curlwpsinfo = xlate <lwpsinfo_t *> (curthread);
