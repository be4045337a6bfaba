BEGIN
{
	self->counter = 1;
	self->probe = 2;
	this->import = 3;
	@provider = sum(4);
	printf("%d %d %d\n", self->counter, self->probe, this->import);
	printa("%@d\n", @provider);
	exit(0);
}
