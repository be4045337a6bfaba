#pragma D nosuch x
BEGIN { exit(0); }
