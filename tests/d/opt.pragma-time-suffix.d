#pragma D option statusrate=10ms
#pragma D option switchrate=5hz
BEGIN { printf("ok\n"); exit(0); }
