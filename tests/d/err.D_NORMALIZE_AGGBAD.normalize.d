BEGIN { normalize(@a, 2); exit(0); }
