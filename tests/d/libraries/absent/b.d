#pragma D depends_on module nosuch_module
inline int x = nothing;
