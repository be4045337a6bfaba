typedef long coord_t;
inline coord_t FAR = 7;
