int hits;
#pragma D binding "1.0" hits
BEGIN { hits = 4; printf("%d\n", hits); exit(0); }
