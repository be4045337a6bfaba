#pragma D depends_on library
BEGIN { exit(0); }
