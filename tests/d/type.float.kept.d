/* 0x4000000000000000 is 2 as a double. */
struct s { float a; double b; int c; };
struct s v, w;
double a[2];
double as[int];
BEGIN {
	this->p = (uint64_t *)alloca(8);
	*this->p = 0x4000000000000000;
	v.b = *(double *)this->p;
	v.c = 5;
	w = v;
	a[1] = v.b;
	as[3] = w.b;
	printf("%g %d %g %g %g %d\n", w.b, w.c, a[1], as[3], as[4], sizeof (struct s));
	exit(0);
}
