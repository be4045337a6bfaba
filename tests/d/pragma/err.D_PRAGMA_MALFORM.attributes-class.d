#pragma D attributes Stable/Stable/Nosuch x
int x;
BEGIN { exit(0); }
