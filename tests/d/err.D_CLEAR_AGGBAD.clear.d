BEGIN { clear(@a); exit(0); }
