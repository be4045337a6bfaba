#pragma D depends_on library b.d

inline point_t *origin = xlate <point_t *> (curthread);
