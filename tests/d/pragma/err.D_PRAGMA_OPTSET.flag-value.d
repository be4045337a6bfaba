#pragma D option quiet=nosuch
BEGIN { exit(0); }
