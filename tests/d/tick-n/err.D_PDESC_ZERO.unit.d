tick-1fortnight { exit(0); }
