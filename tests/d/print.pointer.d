struct pair { int left; char name[4]; };
BEGIN
{
	this->p = (struct pair *)alloca(2 * sizeof (struct pair));
	this->p[1].left = -3;
	this->p[1].name = "abc";
	this->at = (uint64_t)(this->p + 1);
	print((struct pair *)this->at == this->p + 1);
	print(*(this->p + 1));
	exit(0);
}
