#pragma D depends_on nosuch io
BEGIN { exit(0); }
