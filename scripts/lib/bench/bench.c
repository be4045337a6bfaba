/*
 * The things the benchmark cannot do in Python.
 *
 * bench run COMMAND...   runs it with no input and no output, prints "wall_ns cpu_ns peak_kib status". A small program has
 *                        to do this: the kernel hands the peak memory of who forks on to the child (setmax_mm_hiwater_rss
 *                        at exec), and a Python's would hide the smaller ones.
 * bench loop CPU         pins itself and names itself getppid_loop, then obeys lines: "N" makes N getppid calls, "RATE
 *                        SECONDS" makes them at a rate for a while; each is answered by "nanoseconds calls". "signal N"
 *                        sends itself an ignored signal N times, "wake N" wakes a child N times, which answers each time,
 *                        "function N" calls a function N times, and answers with its own CPU time: a call with a
 *                        probe takes so long that others get the CPU within a burst.
 * bench crowd GROUPS N   as perf bench sched messaging: in each group 20 processes send N messages to each of 20 others, and
 *                        all want the CPUs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static long long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static int run(char **command)
{
	struct rusage used;
	int status;
	long long start = now();
	pid_t child = fork();

	if (child == 0) {
		int nothing = open("/dev/null", O_RDWR);

		dup2(nothing, 0);
		dup2(nothing, 1);
		execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) < 0)
		return 1;
	printf("%lld %lld %ld %d\n", now() - start,
	       1000 * (microseconds(used.ru_utime) + microseconds(used.ru_stime)), used.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return 0;
}

/*
 * Calls at a rate, in batches of what a tenth of a millisecond holds; the clock is read without a system call. Tracing may
 * make a call take longer than the rate allows, so the time is bounded and the calls made are the answer.
 */
static long call_paced(double rate, double seconds)
{
	long batch = rate / 10000 < 1 ? 1 : rate / 10000, done = 0;
	long long start = now(), spent = 0;

	while (spent < seconds * 1e9) {
		if (spent >= done / rate * 1e9)
			for (long i = 0; i < batch; i++, done++)
				syscall(SYS_getppid);
		spent = now() - start;
	}
	return done;
}

static long call(long calls)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	return calls;
}

static long send_signals(long times)
{
	for (long i = 0; i < times; i++)
		kill(getpid(), SIGURG);
	return times;
}

__attribute__((noinline, noclone)) void called(void)
{
	__asm__ volatile("");
}

static long call_function(long times)
{
	for (long i = 0; i < times; i++)
		called();
	return times;
}

static int to_child[2], from_child[2];

/* The child has the same CPU: who is woken runs when the other one waits for the answer. */
static void answer(void)
{
	char byte;

	close(to_child[1]);
	while (read(to_child[0], &byte, 1) == 1 && write(from_child[1], &byte, 1) == 1)
		;
	_exit(0);
}

static long wake(long times)
{
	char byte = 0;

	if (!to_child[1]) {
		if (pipe(to_child) || pipe(from_child))
			return 0;
		if (fork() == 0)
			answer();
	}
	for (long i = 0; i < times; i++)
		if (write(to_child[1], &byte, 1) != 1 || read(from_child[0], &byte, 1) != 1)
			return i;
	return times;
}

static int loop(int cpu)
{
	cpu_set_t only;
	char line[128];

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof only, &only) || prctl(PR_SET_NAME, "getppid_loop"))
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		double first, seconds;
		int paced = sscanf(line, "%lf %lf", &first, &seconds) == 2;
		int functions = sscanf(line, "function %lf", &first) == 1;
		clockid_t clock = functions ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
		long long start = read_clock(clock);
		long calls = sscanf(line, "signal %lf", &first) == 1 ? send_signals(first) :
			     sscanf(line, "wake %lf", &first) == 1   ? wake(first) :
			     functions ? call_function(first) :
			     paced ? call_paced(first, seconds) : call(first);

		printf("%lld %ld\n", read_clock(clock) - start, calls);
		fflush(stdout);
	}
	return 0;
}

enum { MEMBERS = 20, MESSAGE = 100 };

static int ready[2], start[2];

/* Whoever joins a crowd says so, and waits for the others; it does not outlive who has started it. */
static void join(void)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(start[1]);
	if (write(ready[1], &byte, 1) != 1 || read(start[0], &byte, 1) != 0)
		_exit(1);
}

static void receive(int socket, long messages)
{
	char message[MESSAGE];

	join();
	for (long left = messages * MESSAGE, got; left; left -= got)
		if ((got = read(socket, message, left < MESSAGE ? left : MESSAGE)) <= 0)
			_exit(1);
	_exit(0);
}

static void transmit(const int *sockets, long times)
{
	char message[MESSAGE] = "";

	join();
	for (long i = 0; i < times; i++)
		for (int to = 0; to < MEMBERS; to++)
			for (long left = MESSAGE, put; left; left -= put)
				if ((put = write(sockets[to], message, left)) <= 0)
					_exit(1);
	_exit(0);
}

static int crowd(int groups, long times)
{
	int members = groups * 2 * MEMBERS, failed = 0;
	pid_t child;
	char byte;

	if (pipe(ready) || pipe(start))
		return 1;
	for (int group = 0; group < groups; group++) {
		int senders[MEMBERS];

		for (int i = 0; i < MEMBERS; i++) {
			int ends[2];

			if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
				return 1;
			if ((child = fork()) == 0)
				receive(ends[1], MEMBERS * times);
			else if (child < 0)
				return 1;
			close(ends[1]);
			senders[i] = ends[0];
		}
		for (int i = 0; i < MEMBERS; i++)
			if ((child = fork()) == 0)
				transmit(senders, times);
			else if (child < 0)
				return 1;
		for (int i = 0; i < MEMBERS; i++)
			close(senders[i]);
	}
	for (int i = 0; i < members; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	close(start[1]);
	for (int i = 0, status; i < members; i++)
		failed |= wait(&status) < 0 || status;
	return failed;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "loop"))
		return loop(atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "crowd"))
		return crowd(atoi(argv[2]), atol(argv[3]));
	fprintf(stderr, "usage: bench run COMMAND... | bench loop CPU | bench crowd GROUPS N\n");
	return 2;
}
