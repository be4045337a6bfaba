BEGIN { x = (int *)4096; x = (long *)4096; }
