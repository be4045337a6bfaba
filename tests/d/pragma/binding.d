int counter;
#pragma D binding "1.0" counter
BEGIN { counter = 4; printf("%d\n", counter); exit(0); }
