#pragma D option nosuch=2
BEGIN { exit(0); }
