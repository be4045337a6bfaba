BEGIN { &*(int *)0 = 1; }
