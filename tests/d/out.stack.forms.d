/* Every form that has a known answer anywhere: addresses that nothing lies at, and stacks that end at once. */
#pragma D option quiet

BEGIN
{
	printf("[%a] [%A] [%20a] [%-20A]\n", 16, 16, 16, 16);
	@a[sym(16), func(32)] = count();
	@b[usym(16), uaddr(32), umod(48)] = count();
	@c[mod(64)] = count();
	printa("%A %A %A %@d\n", @b);
	printa("%a\n", @c);
	sym(80);
	uaddr(96);
	printf("\n");
	exit(0);
}

END
/ustackdepth == 100000/
{
	@d[stack(1), ustack(1)] = count();
	printa("%k %k %@d", @d);
	jstack();
	jstack(5);
	ustack(5, 512);
	ufunc(ucaller);
	umod(ucaller);
	func(caller);
	mod(caller);
	printf("%k %k %k", stack(), ustack(3), jstack(3, 0));
}
