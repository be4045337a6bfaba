"""A C program with a known call chain: `python -m tests.workloads.call_chain DIRECTORY HOW TIMES [FLAGS]`.

`main` calls `outer`, which calls `middle`, which calls `inner`: TIMES times. HOW says what `inner` does: `sleep` is one
clock_nanosleep of a millisecond, `burn` computes for a millisecond of processor time. The program is compiled in
DIRECTORY, with frame pointers and without inlining; FLAGS are the compiler's or the linker's (`-s` strips it). It
becomes the process of the workload. Truth: `calls`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long counted;

/* The system call by itself: the C library may have been compiled without frame pointers. */
static inline __attribute__((always_inline)) long nap(void)
{
	struct timespec time = { 0, 1000000 };
	long result;
#if defined(__x86_64__)
	register long options __asm__("r10") = 0;
	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_clock_nanosleep), "D"(CLOCK_MONOTONIC), "S"(0L), "d"(&time),
		"r"(options) : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = SYS_clock_nanosleep;
	register long first __asm__("x0") = CLOCK_MONOTONIC;
	register long flags __asm__("x1") = 0;
	register struct timespec *asked __asm__("x2") = &time;
	register long left __asm__("x3") = 0;
	__asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(flags), "r"(asked), "r"(left) : "memory");
	result = first;
#endif
	return result;
}

__attribute__((noinline)) void inner(int burn)
{
	if (!burn) {
		nap();
		return;
	}
	clock_t end = clock() + CLOCKS_PER_SEC / 1000;
	while (clock() < end)
		for (int i = 0; i < 200000; i++)
			counted++;
}

__attribute__((noinline)) void middle(int burn)
{
	inner(burn);
	counted++;
}

__attribute__((noinline)) void outer(int burn)
{
	middle(burn);
	counted++;
}

int main(int count, char **words)
{
	char gate;
	int burn = !strcmp(words[1], "burn"), times = atoi(words[2]);
	printf("{\"name\": \"call_chain\", \"pid\": %d, \"tids\": [%d]}\n", getpid(), getpid());
	fflush(stdout);
	if (read(0, &gate, 1) < 0)
		return 1;
	for (int i = 0; i < times; i++)
		outer(burn);
	printf("{\"calls\": %d}\n", times);
	return 0;
}
"""
FLAGS = ("-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline", "-no-pie")


def build(directory: str, *flags: str) -> str:
    """The program's path."""
    source, program = os.path.join(directory, "call_chain.c"), os.path.join(directory, "call_chain")
    with open(source, "w", encoding="utf-8") as file:
        file.write(SOURCE)
    compiler = shutil.which("cc") or "gcc"
    subprocess.run([compiler, *FLAGS, *flags, "-o", program, source], check=True)
    return program


def main(directory: str, how: str, times: str, *flags: str) -> None:
    program = build(directory, *flags)
    os.execv(program, ["call_chain", how, times])


if __name__ == "__main__":
    main(*sys.argv[1:])
