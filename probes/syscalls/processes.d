/*
 * question: where does each process spend its time in system calls?
 * output:   a histogram of nanoseconds for each process and call; `vtrace syscalls` shows it live, a row a process
 * view:     syscalls
 * unit:     ns
 * axis:     100ns 10s
 * example:  --once --by comm,call -c 'ls /usr/bin/zip'
 * filter:   syscall:::entry
 * row:      pid comm
 * key:      pid     pid        number   process
 * key:      comm    execname   text     command
 * key:      call    probefunc  text     system call
 * extra:    tid     tid        number   thread
 * extra:    uid     uid        number   user
 * extra:    cgroup  cgroup     cgroup   control group
 * extra:    errno   errno      errno    error of the call
 * measure:  calls   from entry to return
 * apart:    call    waiting for something to happen is what these calls are for
 *           _newselect accept accept4 clock_nanosleep clock_nanosleep_time64 epoll_pwait epoll_pwait2 epoll_wait
 *           epoll_wait_old futex futex_time64 futex_wait futex_waitv io_getevents io_pgetevents io_pgetevents_time64
 *           io_uring_enter mq_timedreceive mq_timedreceive_time64 msgrcv nanosleep pause poll ppoll ppoll_time64
 *           pselect6 pselect6_time64 recvfrom recvmmsg recvmmsg_time64 recvmsg restart_syscall rt_sigsuspend
 *           rt_sigtimedwait rt_sigtimedwait_time64 select semop semtimedop semtimedop_time64 sigsuspend wait4 waitid
 *           waitpid
 */
#pragma D option quiet

syscall:::entry
{
	self->entered = timestamp;
}

syscall:::return
/self->entered/
{
	@calls[pid, execname, probefunc] = exphist(timestamp - self->entered, 2);
	self->entered = 0;
}
