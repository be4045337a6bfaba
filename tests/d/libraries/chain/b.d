#pragma D depends_on library c.d
#pragma D depends_on module kernel
#pragma D depends_on provider io

typedef struct point {
	coord_t x;
	coord_t y;
} point_t;

translator point_t < struct task_struct *T > {
	x = T->tgid;
	y = FAR;
};
