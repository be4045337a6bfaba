/* An event loop that knows what it did: event_loop KIND FILE REQUESTS SLOW BURST OTHERS [SHARED]; see event_loop.py. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 8, BLOCK = 4096, APART = 1 << 20, MAPPED = 32 << 20, COMPUTE_NS = 50000000, WAIT_MS = 30 };

static int ends[SOCKETS][2], disk, requests, slow, burst;
static char *kind, *others, *block;
static volatile char *mapped;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int computing, asking, seeking, reading;
static volatile pid_t client_tid;
static int shared;
static volatile unsigned long counted;
static long waits, most_ready, reads_done;
static long read_ns[256], compute_ns[256], compute_cpu_ns[256];
static long other_ns[256], read_queued_ns[256], other_queued_ns[256];
static int computes_done, others_done;

static long now(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* How long this thread has stood in a run queue so far, as the kernel says. */
static long queued(void)
{
	char text[128];
	long ran, waited = 0;
	int file = open("/proc/thread-self/schedstat", O_RDONLY), size = read(file, text, sizeof text - 1);
	close(file);
	text[size > 0 ? size : 0] = 0;
	if (sscanf(text, "%ld %ld", &ran, &waited) != 2)
		abort();
	return waited;
}

__attribute__((noinline)) void compute(void)
{
	long end = now(CLOCK_THREAD_CPUTIME_ID) + COMPUTE_NS;
	/* The clock of a thread is a system call. A burst has to come while this goes on, however long it takes. */
	while (now(CLOCK_THREAD_CPUTIME_ID) < end || asking)
		for (int i = 0; i < 300000; i++)
			counted++;
}

static void ask(int which, char what)
{
	if (write(ends[which][1], &what, 1) != 1)
		abort();
}

static void answer_of(int which)
{
	char answer;
	if (read(ends[which][1], &answer, 1) != 1)
		abort();
}

/* Whether a thread is on a processor or waits for one, as the kernel says. */
static int runs(pid_t tid)
{
	char path[64], text[512], *state;
	sprintf(path, "/proc/self/task/%d/stat", tid);
	int file = open(path, O_RDONLY), size = read(file, text, sizeof text - 1);
	close(file);
	text[size > 0 ? size : 0] = 0;
	state = strrchr(text, ')');
	return !state || state[2] == 'R';
}

static void *client(void *unused)
{
	client_tid = syscall(SYS_gettid);
	for (int i = 0; i < requests; i++) {
		ask(0, 'n');
		answer_of(0);
	}
	for (int i = 0; i < slow; i++) {
		ask(0, 'r');
		answer_of(0);
		ask(0, 'c');
		answer_of(0);
	}
	if (burst) {
		computing = 0;
		asking = 1;
		ask(0, 'c');
		while (!computing)
			usleep(1000);
		for (int i = 1; i <= burst; i++)
			ask(i, 'n');
		asking = 0;
		answer_of(0);
		for (int i = 1; i <= burst; i++)
			answer_of(i);
	}
	for (char *what = others; *what; what++) {
		if (*what == 'l')
			pthread_mutex_lock(&mutex);
		ask(0, *what);
		if (*what == 'l') {
			/* The C library's mark that somebody is about to sleep for it. */
			while (*(volatile int *)&mutex != 2)
				usleep(100);
			usleep(WAIT_MS * 1000);
			pthread_mutex_unlock(&mutex);
		}
		if (*what == 'k') {
			char some[BLOCK];
			while (!seeking)
				usleep(100);
			/* Until it is seen at it. */
			while (seeking) {
				reading = 1;
				if (read(shared, some, BLOCK) != BLOCK)
					abort();
				reading = 0;
			}
		}
		answer_of(0);
	}
	ask(0, 'q');
	return unused;
}

static int serve(int which)
{
	char what;
	if (read(ends[which][0], &what, 1) != 1)
		abort();
	if (what == 'q')
		return 0;
	if (what == 'r') {
		long stood = queued(), since = now(CLOCK_MONOTONIC);
		if (pread(disk, block, BLOCK, (long)reads_done * APART) != BLOCK)
			abort();
		read_ns[reads_done] = now(CLOCK_MONOTONIC) - since;
		read_queued_ns[reads_done++] = queued() - stood;
	}
	if (what == 'c') {
		long since = now(CLOCK_MONOTONIC), ran = now(CLOCK_THREAD_CPUTIME_ID);
		computing = 1;
		compute();
		compute_ns[computes_done] = now(CLOCK_MONOTONIC) - since;
		compute_cpu_ns[computes_done++] = now(CLOCK_THREAD_CPUTIME_ID) - ran;
	}
	if (what == 'k') {
		/* Until the other one sleeps, which it does with the lock of the position. */
		seeking = 1;
		while (!reading || runs(client_tid))
			;
		seeking = 0;
	}
	if (strchr("flpk", what)) {
		long stood = queued(), since = now(CLOCK_MONOTONIC);
		if (what == 'f')
			counted += mapped[(long)others_done * 4 * APART];
		if (what == 'l') {
			pthread_mutex_lock(&mutex);
			pthread_mutex_unlock(&mutex);
		}
		if (what == 'k')
			lseek(shared, 0, SEEK_CUR);
		if (what == 'p')
			syscall(SYS_poll, NULL, 0, WAIT_MS);
		other_ns[others_done] = now(CLOCK_MONOTONIC) - since;
		other_queued_ns[others_done++] = queued() - stood;
	}
	if (write(ends[which][0], &what, 1) != 1)
		abort();
	return 1;
}

/* ------------------------------------------------------------------------------------------------------- the waits */

static struct pollfd polled[SOCKETS];
static struct io_uring_sqe *entries;
static char *rings;
static struct io_uring_params ring;

static int set_up(void)
{
	int fd = -1;
	if (!strcmp(kind, "epoll_wait") || !strcmp(kind, "epoll_pwait2")) {
		fd = epoll_create1(0);
		for (int i = 0; i < SOCKETS; i++) {
			struct epoll_event event = { EPOLLIN, { .u32 = i } };
			epoll_ctl(fd, EPOLL_CTL_ADD, ends[i][0], &event);
		}
	}
	if (!strcmp(kind, "io_uring")) {
		fd = syscall(SYS_io_uring_setup, 8, &ring);
		if (fd < 0)
			abort();
		rings = mmap(0, ring.cq_off.cqes + ring.cq_entries * sizeof(struct io_uring_cqe) + ring.sq_off.array + 4096,
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
		entries = mmap(0, ring.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		    IORING_OFF_SQES);
	}
	for (int i = 0; i < SOCKETS; i++)
		polled[i] = (struct pollfd){ ends[i][0], POLLIN, 0 };
	return fd;
}

#define AT(offset) ((unsigned *)(rings + (offset)))

/* One poll of the first socket at a time: the loop of a client that waits for each answer. */
static int wait_uring(int fd, int ready[])
{
	unsigned tail = *AT(ring.sq_off.tail);
	struct io_uring_sqe *entry = &entries[tail & *AT(ring.sq_off.ring_mask)];
	memset(entry, 0, sizeof *entry);
	entry->opcode = IORING_OP_POLL_ADD;
	entry->fd = ends[0][0];
	entry->poll32_events = POLLIN;
	AT(ring.sq_off.array)[tail & *AT(ring.sq_off.ring_mask)] = tail & *AT(ring.sq_off.ring_mask);
	__atomic_store_n(AT(ring.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1)
		abort();
	unsigned head = *AT(ring.cq_off.head), end = __atomic_load_n(AT(ring.cq_off.tail), __ATOMIC_ACQUIRE);
	__atomic_store_n(AT(ring.cq_off.head), end, __ATOMIC_RELEASE);
	ready[0] = 0;
	return end - head;
}

static int wait_for(int fd, int ready[])
{
	int found = 0;
	waits++;
	if (!strcmp(kind, "io_uring"))
		return wait_uring(fd, ready);
	if (!strncmp(kind, "epoll", 5)) {
		struct epoll_event events[SOCKETS];
		int count = strcmp(kind, "epoll_wait") ? syscall(SYS_epoll_pwait2, fd, events, SOCKETS, NULL, NULL, 0)
		                                       : epoll_wait(fd, events, SOCKETS, -1);
		for (int i = 0; i < count; i++)
			ready[found++] = events[i].data.u32;
		return found;
	}
	if (!strcmp(kind, "select") || !strcmp(kind, "pselect")) {
		fd_set set;
		FD_ZERO(&set);
		for (int i = 0; i < SOCKETS; i++)
			FD_SET(ends[i][0], &set);
		if (!strcmp(kind, "select"))
			syscall(SYS_select, ends[SOCKETS - 1][1] + 1, &set, NULL, NULL, NULL);
		else
			pselect(ends[SOCKETS - 1][1] + 1, &set, NULL, NULL, NULL, NULL);
		for (int i = 0; i < SOCKETS; i++)
			if (FD_ISSET(ends[i][0], &set))
				ready[found++] = i;
		return found;
	}
	if (!strcmp(kind, "poll"))
		syscall(SYS_poll, polled, SOCKETS, -1);
	else
		ppoll(polled, SOCKETS, NULL, NULL);
	for (int i = 0; i < SOCKETS; i++)
		if (polled[i].revents)
			ready[found++] = i;
	return found;
}

static void list(char *name, long *values, long count)
{
	printf(", \"%s\": [", name);
	for (long i = 0; i < count; i++)
		printf("%s%ld", i ? ", " : "", values[i]);
	printf("]");
}

int main(int count, char **words)
{
	char gate;
	pthread_t thread;
	kind = words[1], requests = atoi(words[3]), slow = atoi(words[4]), burst = atoi(words[5]), others = words[6];
	disk = open(words[2], O_RDONLY | O_DIRECT);
	block = mmap(0, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int cached = open(words[2], O_RDONLY);
	mapped = mmap(0, MAPPED, PROT_READ, MAP_SHARED, cached, MAPPED);
	if (mapped == MAP_FAILED)
		abort();
	shared = count > 7 ? open(words[7], O_RDONLY) : -1;
	for (int i = 0; i < SOCKETS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]))
			abort();
	int fd = set_up();
	printf("{\"name\": \"event_loop\", \"pid\": %d, \"tids\": [%d], \"fd\": %d}\n", getpid(), getpid(), fd);
	fflush(stdout);
	if (read(0, &gate, 1) < 0)
		return 1;
	pthread_create(&thread, NULL, client, NULL);
	for (int going = 1; going;) {
		int ready[SOCKETS], found = wait_for(fd, ready);
		if (found > most_ready)
			most_ready = found;
		for (int i = 0; i < found; i++)
			going &= serve(ready[i]);
	}
	printf("{\"waits\": %ld, \"most_ready\": %ld", waits, most_ready);
	list("read_ns", read_ns, reads_done);
	list("read_queued_ns", read_queued_ns, reads_done);
	list("compute_ns", compute_ns, computes_done);
	list("compute_cpu_ns", compute_cpu_ns, computes_done);
	list("other_ns", other_ns, others_done);
	list("other_queued_ns", other_queued_ns, others_done);
	printf("}\n");
	return count == 0;
}
