syscall::kill:entry /pid == $target/
{
	printf("%d %d %d\n", uregs[R_RDI] == arg0, uregs[R_RSI], uregs[R_RSP] != uregs[R_PC]);
	i = R_RSI;
	printf("%d %d\n", uregs[i], uregs[R_TRAPNO]);
	i = 21;
}
syscall::kill:entry /pid == $target/ { trace(uregs[i]); }
ERROR { printf("fault %d of %d\n", arg4, arg5); exit(0); }
