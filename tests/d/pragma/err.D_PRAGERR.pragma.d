#pragma D error "this is wrong"
BEGIN { exit(0); }
