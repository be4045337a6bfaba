#pragma D depends_on
BEGIN { exit(0); }
