/*
 * Threads that hold each other up, and know for how long: `bubbles KIND [ARGUMENT ...]`, at the gate of every workload.
 *
 * convoy PATH N     a thread reads 4 KiB of PATH past the page cache with a mutex held, N others want the mutex
 * burn MS N         the same, but the holder computes for MS in `burn`
 * silence MS N AT [poll]  the same, but the holder listens for MS to a connection to the address AT, on which nothing
 *                   comes; in poll(2), or else in recv(2)
 * crossed           two threads take a mutex each, then want the other's, for ever
 * append PATH N     N threads append 4 KiB each to the file PATH past the page cache: its inode's lock is one
 * relay PATH        a process reads PATH, then writes to a pipe; who reads the pipe answers on a loopback connection, for
 *                   which a third one waits
 * crowd MS N        N threads that compute for MS of their own processor time each, on one CPU
 * fault PATH N      N threads, each of which touches a page of PATH that is not in memory
 * page PATH N       the same, and it is one page
 * same PATH N       N threads that read one page of PATH which is not in memory: one of them asks the disk for it
 * fill PATH MB      a thread writes MB to the file PATH, by way of the page cache
 * hoard PATH MB     a thread touches MB of memory of its own, one page after the other; nothing is done with PATH
 * limited MS        a thread that computes, and one that sleeps for a millisecond at a time
 * mixed - N         a thread that sleeps for 20 ms, computes for 2 ms and sleeps for 0.5 ms ten times, N times
 * calm MS           short waits of every kind, and long ones that are nobody's fault
 *
 * Truth: moments and spans in ns of CLOCK_MONOTONIC; see each function.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, BLOCK = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static long long began[MOST], ended[MOST], used[MOST], held_from, held_to;
static int tids[MOST], holder, count, port;
static const char *path;
static long milliseconds;

static long long clock_ns(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long now(void) { return clock_ns(CLOCK_MONOTONIC); }

static int name_thread(const char *name)
{
	prctl(PR_SET_NAME, name);
	return (int)syscall(SYS_gettid);
}

static void gate(void)
{
	char line[8];
	name_thread("bubbles");
	printf("{\"name\": \"bubbles\", \"pid\": %d, \"mutex\": %lu, \"other\": %lu}\n", getpid(), (unsigned long)&mutex,
	    (unsigned long)&other);
	fflush(stdout);
	if (read(0, line, sizeof line) < 0)
		exit(1);
}

static void spans(const char *name, int n)
{
	printf("\"%s\": [", name);
	for (int i = 0; i < n; i++)
		printf("%s[%d, %lld, %lld]", i ? ", " : "", tids[i], began[i], ended[i]);
	printf("]");
}

/* What the kernel is to be asked for: a block of its own for every caller, for a second read might be cached. */
static void read_block(const char *from)
{
	static void *page;
	int fd = open(from, O_RDONLY | O_DIRECT);
	if (posix_memalign(&page, BLOCK, BLOCK) || pread(fd, page, BLOCK, 0) != BLOCK) {
		perror(from);
		exit(1);
	}
	close(fd);
}

__attribute__((noinline)) void burn(long long until)
{
	while (now() < until)
		;
}

/* ------------------------------------------------------------------------------------------------- a mutex that is held */

/* Hold it until nobody has answered at that address for so long. */
static const char *mute;
static int polls;

static void listen_for_nothing(void)
{
	struct sockaddr_storage at = {0};
	struct sockaddr_in *four = (struct sockaddr_in *)&at;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&at;
	socklen_t size = sizeof at;
	at.ss_family = strchr(mute, ':') ? AF_INET6 : AF_INET;
	inet_pton(at.ss_family, mute, at.ss_family == AF_INET6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr);
	int server = socket(at.ss_family, SOCK_STREAM, 0), client = socket(at.ss_family, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&at, size) || listen(server, 1) ||
	    getsockname(server, (struct sockaddr *)&at, &size) || connect(client, (struct sockaddr *)&at, size))
		exit(2);
	port = ntohs(at.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
	struct timeval until = {milliseconds / 1000, milliseconds % 1000 * 1000};
	char byte;
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &until, sizeof until);
	struct pollfd one = {client, POLLIN, 0};
	held_from = now();
	if (polls ? poll(&one, 1, milliseconds) : recv(client, &byte, 1, 0) != -1)
		exit(2);
}

__attribute__((noinline)) void hold(void)
{
	if (mute)
		listen_for_nothing();
	else if (path)
		read_block(path);
	else
		burn(held_from + milliseconds * 1000000LL);
}

static void *keep(void *nothing)
{
	holder = name_thread("writer");
	pthread_mutex_lock(&mutex);
	pthread_barrier_wait(&barrier);
	held_from = now();
	long long start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	hold();
	used[0] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	held_to = now();
	pthread_mutex_unlock(&mutex);
	return nothing;
}

static void *want(void *which)
{
	char name[16];
	long i = (long)which;
	snprintf(name, sizeof name, "worker-%ld", i);
	tids[i] = name_thread(name);
	pthread_barrier_wait(&barrier);
	began[i] = now();
	pthread_mutex_lock(&mutex);
	ended[i] = now();
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* `held`: from when to when the holder read, computed or listened, to `port`; `used`: how much of it on a processor; `waits`: thread, begin and end of each wait for the mutex. */
static void held(void)
{
	pthread_t threads[MOST], first;
	pthread_barrier_init(&barrier, NULL, count + 1);
	gate();
	pthread_create(&first, NULL, keep, NULL);
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, want, (void *)i);
	pthread_join(first, NULL);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"holder\": %d, \"held\": [%lld, %lld], \"used\": %lld, \"port\": %d, ", holder, held_from, held_to, used[0],
	       port);
	spans("waits", count);
	printf("}\n");
}

/* --------------------------------------------------------------------------------------------------------------- crossed */

static void *cross(void *which)
{
	long i = (long)which;
	tids[i] = name_thread(i ? "right" : "left");
	pthread_mutex_lock(i ? &other : &mutex);
	pthread_barrier_wait(&barrier);
	began[i] = now();
	pthread_mutex_lock(i ? &mutex : &other);
	return NULL;
}

/* Whether a thread sleeps for a mutex. It may sleep at the barrier, too. */
static int sleeps(int tid, pthread_mutex_t *which)
{
	char name[64], line[256] = "";
	unsigned long word;
	int call;
	snprintf(name, sizeof name, "/proc/self/task/%d/syscall", tid);
	int fd = open(name, O_RDONLY);
	ssize_t got = read(fd, line, sizeof line - 1);
	close(fd);
	return got > 0 && sscanf(line, "%d %lx", &call, &word) == 2 && call == SYS_futex && word == (unsigned long)which;
}

/* `waits` of both; the report comes when both have slept for 200 ms, and the process ends when nobody listens any more. */
static void crossed(void)
{
	pthread_t threads[2];
	pthread_barrier_init(&barrier, NULL, 3);
	gate();
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, cross, (void *)i);
	pthread_barrier_wait(&barrier);
	while (!sleeps(tids[0], &other) || !sleeps(tids[1], &mutex))
		usleep(1000);
	usleep(200000);
	printf("{");
	spans("waits", 2);
	printf("}\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	_exit(0);
}

/* ---------------------------------------------------------------------------------------------------------------- append */

static void *add(void *which)
{
	long i = (long)which;
	void *page;
	char name[16];
	snprintf(name, sizeof name, "append-%ld", i);
	tids[i] = name_thread(name);
	if (posix_memalign(&page, BLOCK, BLOCK))
		exit(1);
	memset(page, (int)i + 1, BLOCK);
	/* A description of its own: one that is shared has a lock for its position, too. */
	int file = open(path, O_WRONLY | O_APPEND | O_DIRECT);
	pthread_barrier_wait(&barrier);
	began[i] = now();
	if (write(file, page, BLOCK) != BLOCK)
		perror("append"), exit(1);
	ended[i] = now();
	return NULL;
}

/* `waits`: from when to when each thread was in its write. */
static void append(void)
{
	pthread_t threads[MOST];
	pthread_barrier_init(&barrier, NULL, count);
	gate();
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, add, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{");
	spans("waits", count);
	printf("}\n");
}

/* ----------------------------------------------------------------------------------------------------------------- relay */

static int ends[2], listener;

/* A child dies with the workload, however that ends. */
static int child(const char *name, void (*work)(int), int out)
{
	int pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, 9);
		name_thread(name);
		work(out);
		_exit(0);
	}
	return pid;
}

static void tell(int out, long long from, long long to)
{
	long long span[2] = {from, to};
	if (write(out, span, sizeof span) < 0)
		_exit(1);
}

static void reads_disk(int out)
{
	long long from = now();
	read_block(path);
	long long to = now();
	if (write(ends[1], ".", 1) != 1)
		_exit(1);
	tell(out, from, to);
}

static void reads_pipe(int out)
{
	char byte;
	int connection = accept(listener, NULL, NULL);
	if (read(connection, &byte, 1) != 1)
		_exit(1);
	long long from = now();
	if (read(ends[0], &byte, 1) != 1)
		_exit(1);
	long long to = now();
	if (write(connection, &byte, 1) != 1)
		_exit(1);
	tell(out, from, to);
	pause();
}

static void asks(int out)
{
	char byte = '?';
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(connection, (void *)&address, sizeof address) || write(connection, &byte, 1) != 1)
		_exit(1);
	long long from = now();
	if (read(connection, &byte, 1) != 1)
		_exit(1);
	tell(out, from, now());
	pause();
}

/* `reader`, `relay` and `client`: [process, begin, end] of the read from the disk, the pipe and the connection. */
static void relay(void)
{
	static void (*const works[])(int) = {asks, reads_pipe, reads_disk};
	static const char *const names[] = {"client", "relay", "reader"};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int pids[3], pipes[3][2];
	if (pipe(ends))
		exit(1);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&address, size) || listen(listener, 1))
		exit(1);
	getsockname(listener, (void *)&address, &size);
	port = address.sin_port;
	gate();
	for (int i = 0; i < 3; i++) {
		if (pipe(pipes[i]))
			exit(1);
		/* The client first: it waits for an answer before the disk is read. */
		pids[i] = child(names[i], works[i], pipes[i][1]);
		usleep(20000);
	}
	printf("{");
	for (int i = 0; i < 3; i++) {
		long long span[2];
		if (read(pipes[i][0], span, sizeof span) != sizeof span)
			exit(1);
		printf("%s\"%s\": [%d, %lld, %lld]", i ? ", " : "", names[i], pids[i], span[0], span[1]);
	}
	printf("}\n");
	for (int i = 0; i < 3; i++) {
		kill(pids[i], 9);
		waitpid(pids[i], NULL, 0);
	}
}

/* ----------------------------------------------------------------------------------------------------------------- crowd */

/* Longer than this nobody stays away from a thread that computes, but for a reason. */
enum { AWAY = 10000000 };
static long long away[MOST];

static void *compute(void *which)
{
	long i = (long)which;
	tids[i] = name_thread("crowd");
	pthread_barrier_wait(&barrier);
	long long start = clock_ns(CLOCK_THREAD_CPUTIME_ID), last = now(), next, gone, ran;
	began[i] = last;
	for (used[i] = 0; used[i] < milliseconds * 1000000LL; used[i] = ran) {
		next = now();
		ran = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
		/* A machine that stands still lets time pass, but does not take the processor away. */
		gone = next - last - (ran - used[i]);
		away[i] += gone >= AWAY ? gone : 0;
		last = next;
	}
	ended[i] = now();
	return NULL;
}

static void listed(const char *name, const long long *values)
{
	printf(", \"%s\": [", name);
	for (int i = 0; i < count; i++)
		printf("%s%lld", i ? ", " : "", values[i]);
	printf("]");
}

/* `waits`: from when to when each thread computed; `used`: how long it had a processor; `away`: the sum of the times of
 * 10 ms and more in which it had none. */
static void crowd(void)
{
	pthread_t threads[MOST];
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	pthread_barrier_init(&barrier, NULL, count);
	gate();
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, compute, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{");
	spans("waits", count);
	listed("used", used);
	listed("away", away);
	printf("}\n");
}

/* ---------------------------------------------------------------------------------------------------------------- memory */

static char *pages;

static long apart = BLOCK;

static void *touch(void *which)
{
	long i = (long)which;
	tids[i] = name_thread("touch");
	pthread_barrier_wait(&barrier);
	began[i] = now();
	*(volatile char *)(pages + i * apart);
	ended[i] = now();
	return NULL;
}

/* `waits`: from when to when each thread was about its page. */
static int shared;

/* The page that the others want as well. */
static void *peek(void *which)
{
	static char page[MOST];
	long i = (long)which;
	tids[i] = name_thread("peek");
	pthread_barrier_wait(&barrier);
	began[i] = now();
	if (pread(shared, page, sizeof page, 0) != sizeof page)
		exit(1);
	ended[i] = now();
	return NULL;
}

static void same(void)
{
	pthread_t threads[MOST];
	shared = open(path, O_RDONLY);
	posix_fadvise(shared, 0, 0, POSIX_FADV_RANDOM);
	pthread_barrier_init(&barrier, NULL, count);
	gate();
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, peek, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{");
	spans("waits", count);
	printf("}\n");
}

static void fault(void)
{
	pthread_t threads[MOST];
	int file = open(path, O_RDONLY);
	pages = mmap(NULL, (size_t)count * BLOCK, PROT_READ, MAP_PRIVATE, file, 0);
	if (pages == MAP_FAILED || madvise(pages, (size_t)count * BLOCK, MADV_RANDOM))
		perror(path), exit(1);
	pthread_barrier_init(&barrier, NULL, count);
	gate();
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, touch, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{");
	spans("waits", count);
	printf("}\n");
}

/* Of the one thread there is, at its end. */
static void alone(void)
{
	ended[0] = now();
	count = 1;
	printf("{");
	spans("waits", 1);
	listed("away", away);
	printf("}\n");
}

/* `waits`: from when to when the thread wrote; `away`: the sum of what the writes took. */
static void fill(void)
{
	static char block[BLOCK * 16];
	int file;
	gate();
	file = open(path, O_WRONLY | O_CREAT, 0600);
	tids[0] = getpid();
	began[0] = now();
	for (int i = 0; i < count << 20; i += sizeof block) {
		long long start = now(), took;
		if (write(file, block, sizeof block) != sizeof block)
			perror(path), exit(1);
		took = now() - start;
		away[0] += took;
	}
	alone();
}

/* `waits`: from when to when the thread touched new pages; `away`: how long it was off its processor meanwhile, where that was
 * long for one page. */
static void hoard(void)
{
	size_t size = (size_t)count << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE))
		perror("memory"), exit(1);
	gate();
	tids[0] = getpid();
	began[0] = now();
	for (size_t at = 0; at < size; at += BLOCK) {
		long long start = now(), ran = clock_ns(CLOCK_THREAD_CPUTIME_ID), took;
		memory[at] = 1;
		took = now() - start - (clock_ns(CLOCK_THREAD_CPUTIME_ID) - ran);
		if (took >= AWAY)
			away[0] += took;
	}
	alone();
}

/* ------------------------------------------------------------------------------------------------------------------ calm */

static long long finish;

/* A thread that found itself late: from when to when, beyond what it had asked for. */
enum { DELAYS = 131072 };
static struct { int tid; long long from, to; } late[DELAYS];
static int lates;

static void be_late(int tid, long long from, long long to)
{
	int place = __atomic_fetch_add(&lates, 1, __ATOMIC_RELAXED);
	if (place < DELAYS)
		late[place].tid = tid, late[place].from = from, late[place].to = to;
}

/* Whether what began at `from` took longer than asked for. Its end, at which the next thing begins: nothing lies between. */
static long long witness(int tid, long long from, long long asked)
{
	long long to = now();
	if (to - from - asked >= AWAY / 2)
		be_late(tid, from, to);
	return to;
}

static long long rest(int tid, long long from, long microseconds)
{
	usleep(microseconds);
	return witness(tid, from, microseconds * 1000LL);
}

static void *briefly(void *nothing)
{
	int tid = name_thread("briefly");
	long long from = now();
	while (from < finish) {
		pthread_mutex_lock(&mutex);
		from = rest(tid, witness(tid, from, 0), 1000);
		pthread_mutex_unlock(&mutex);
		from = rest(tid, witness(tid, from, 0), 3000);
	}
	return nothing;
}

/* Of what it waits for nothing comes. */
static void *idle(void *nothing)
{
	struct pollfd none = {.fd = ends[0]};
	int tid = name_thread("idle");
	long long from = now();
	while (from < finish) {
		poll(&none, 1, 200);
		from = witness(tid, from, 200000000);
	}
	return nothing;
}

/* How often the processor was taken from this thread. */
static long put_aside(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* A question is when it was asked, the last one 0. Who is put aside before it sleeps may be so at any time until it is
 * asked again. */
static void *serve(void *nothing)
{
	int tid = name_thread("serve");
	long before = put_aside();
	long long asked = 1, last = now();
	while (asked && read(ends[0], &asked, sizeof asked) == sizeof asked) {
		long long at = asked ? asked : now();
		if (put_aside() != before)
			be_late(tid, last, at);
		at = witness(tid, at, 0);
		before = put_aside();
		last = witness(tid, at, 0);
	}
	return nothing;
}

static void *busy(void *nothing)
{
	int tid = name_thread("busy");
	long long last = now();
	while (last < finish)
		last = witness(tid, last, 0);
	return nothing;
}

static void told_late(void)
{
	printf("\"lost\": %d, \"late\": [", lates > DELAYS ? lates - DELAYS : 0);
	for (int i = 0; i < lates && i < DELAYS; i++)
		printf("%s[%d, %lld, %lld]", i ? ", " : "", late[i].tid, late[i].from, late[i].to);
	printf("]}\n");
}

/* `sleeper`, a thread; `late`: [thread, from, to] of each delay of 5 ms or more. */
static void limited(void)
{
	pthread_t thread;
	gate();
	finish = now() + milliseconds * 1000000LL;
	pthread_create(&thread, NULL, busy, NULL);
	for (long long from = now(); from < finish;)
		from = rest(getpid(), from, 1000);
	pthread_join(thread, NULL);
	printf("{\"sleeper\": %d, ", getpid());
	told_late();
}

/* `rounds` of a client that asks every 50 ms; `from` a second after the beginning `to` the end; `late`: [thread, from, to] of each delay of 5 ms or more. */
static void calm(void)
{
	pthread_t threads[5];
	void *(*const works[])(void *) = {briefly, briefly, idle, serve, busy};
	int rounds = 0, pid = getpid();
	if (pipe(ends))
		exit(1);
	/* Whatever else the machine has to do comes after this. */
	setpriority(PRIO_PROCESS, 0, -20);
	gate();
	finish = now() + milliseconds * 1000000LL;
	for (int i = 0; i < 5; i++)
		pthread_create(&threads[i], NULL, works[i], NULL);
	for (long long from = now(); from < finish; rounds++) {
		from = rest(pid, from, 50000);
		if (write(ends[1], &from, sizeof from) != sizeof from)
			exit(1);
	}
	long long none = 0;
	if (write(ends[1], &none, sizeof none) != sizeof none)
		exit(1);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	printf("{\"rounds\": %d, \"from\": %lld, \"to\": %lld, ", rounds, finish - (milliseconds - 1000) * 1000000LL, finish);
	told_late();
}

/* ---------------------------------------------------------------------------------------------------------------- mixed */

static void *mix(void *nothing)
{
	tids[0] = name_thread("mixed");
	began[0] = now();
	long long start = clock_ns(CLOCK_THREAD_CPUTIME_ID), at, ran;
	for (int i = 0; i < count; i++) {
		at = now();
		usleep(20000);
		away[0] += now() - at;
		at = now(), ran = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		burn(at + 2000000);
		away[2] += now() - at - (clock_ns(CLOCK_THREAD_CPUTIME_ID) - ran);
		at = now();
		for (int j = 0; j < 10; j++)
			usleep(500);
		away[1] += now() - at;
	}
	used[0] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	ended[0] = now();
	return nothing;
}

/* `mixed`: thread, begin and end; `used`: its time on a processor; `long`, `short`: what its sleeps came to; `lost`: how long it
 * was off its processor while it computed. */
static void mixed(void)
{
	pthread_t thread;
	gate();
	pthread_create(&thread, NULL, mix, NULL);
	pthread_join(thread, NULL);
	printf("{\"used\": %lld, \"long\": %lld, \"short\": %lld, \"lost\": %lld, ", used[0], away[0], away[1], away[2]);
	spans("mixed", 1);
	printf("}\n");
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	const char *first = argc > 2 ? argv[2] : "";
	prctl(PR_SET_PDEATHSIG, 9);
	count = argc > 3 ? atoi(argv[3]) : 0;
	milliseconds = atol(first);
	if (count > MOST)
		return 2;
	if (!strcmp(kind, "convoy"))
		path = first, held();
	else if (!strcmp(kind, "burn"))
		held();
	else if (!strcmp(kind, "silence"))
		mute = argc > 4 ? argv[4] : "", polls = argc > 5, held();
	else if (!strcmp(kind, "crossed"))
		crossed();
	else if (!strcmp(kind, "append"))
		path = first, append();
	else if (!strcmp(kind, "relay"))
		path = first, relay();
	else if (!strcmp(kind, "crowd"))
		crowd();
	else if (!strcmp(kind, "same"))
		path = first, same();
	else if (!strcmp(kind, "fault"))
		path = first, fault();
	else if (!strcmp(kind, "page"))
		path = first, apart = 0, fault();
	else if (!strcmp(kind, "fill"))
		path = first, fill();
	else if (!strcmp(kind, "hoard"))
		hoard();
	else if (!strcmp(kind, "limited"))
		limited();
	else if (!strcmp(kind, "mixed"))
		mixed();
	else if (!strcmp(kind, "calm"))
		calm();
	else
		return 2;
	return 0;
}
