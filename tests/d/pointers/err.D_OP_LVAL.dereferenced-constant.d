BEGIN { &*(int *)0 = 0; }
