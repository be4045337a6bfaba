#pragma D option switchrate=1parsec
BEGIN { exit(0); }
