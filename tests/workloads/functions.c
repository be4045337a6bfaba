/* Functions that are called a known number of times with known arguments. Prints its process id and where in `eight`
 * the code of `inside` begins; for every line on standard input it does its work once. A library given as the first
 * argument is loaded only then. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone, used))

KEPT long eight(long a, long b, long c, long d, long e, long f, long g, long h)
{
    __asm__ volatile(".globl inside\ninside: nop" ::: "memory");
    return a + b + c + d + e + f + g + h;
}
extern char inside[];

/* There is no such function in the program. */
static inline __attribute__((always_inline)) int inlined(int a)
{
    return -a;
}

KEPT int negative(int a, unsigned char b)
{
    __asm__ volatile("");
    return inlined(a) - b;
}
KEPT void other(void)
{
    __asm__ volatile("");
}

/* A static probe as <sys/sdt.h> writes it, at the place `marked` is at. */
static volatile unsigned short counter __attribute__((used, section(".probes")));
KEPT void marked(long n)
{
    if (!counter)
        return;
    __asm__ volatile("990: nop\n"
                     ".pushsection .note.stapsdt,\"\",\"note\"\n"
                     ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"
                     "991: .asciz \"stapsdt\"\n992: .balign 4\n"
                     "993: .8byte 990b, 0, %c2\n"
                     ".asciz \"work\"\n.asciz \"one__two\"\n.asciz \"8@%0 -4@%1 4@$7\"\n"
                     "994: .balign 4\n.popsection" ::"r"(n), "r"((int)-n), "i"(&counter));
}

static void *thread(void *unused)
{
    other();
    return unused;
}

int main(int argc, char **argv)
{
    char line;
    printf("%d %ld\n", getpid(), (long)(inside - (char *)eight));
    fflush(stdout);
    while (read(0, &line, 1) == 1) {
        for (long i = 0; i < 1000; i++)
            eight(i, 2, 3, 4, 5, 6, 7, 8);
        for (int i = 0; i < 10; i++)
            negative(i, 200);
        for (long i = 1; i <= 100; i++)
            marked(i);
        pthread_t other_thread;
        pthread_create(&other_thread, 0, thread, 0);
        pthread_join(other_thread, 0);
        int child = fork();
        if (!child) {
            other();
            _exit(0);
        }
        waitpid(child, 0, 0);
        if (argc > 1) {
            void (*late)(long) = (void (*)(long))dlsym(dlopen(argv[1], RTLD_NOW), "late");
            for (long i = 0; i < 5; i++)
                late(i);
        }
        puts("done");
        fflush(stdout);
    }
    return 0;
}
