BEGIN { denormalize(1); exit(0); }
