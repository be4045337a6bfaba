#pragma D option strsize=x
BEGIN { exit(0); }
