#pragma D depends_on provider nosuch
inline int x = nothing;
