#pragma D option switchrate=10hz
#pragma D option aggrate=100msec
#pragma D option statusrate=1sec
#pragma D option cleanrate=50ms
BEGIN { printf("ok\n"); exit(0); }
