BEGIN { denormalize(@a); exit(0); }
