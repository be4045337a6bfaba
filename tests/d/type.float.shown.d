/* 0x400921fb54442d18 is pi as IEEE 754 has it, 0xbfc00000 is -1.5 as a float. */
double d;
float f;
BEGIN {
	this->p = (uint64_t *)alloca(8);
	*this->p = 0x400921fb54442d18;
	d = *(double *)this->p;
	printf("%f %.2f %e %g %10.3f|%-8.1f|%+.0f\n", d, d, d, d, d, d, d);
	this->q = (uint32_t *)alloca(4);
	*this->q = 0xbfc00000;
	f = *(float *)this->q;
	printf("%f %E %G\n", f, f, f);
	print(f);
	exit(0);
}
