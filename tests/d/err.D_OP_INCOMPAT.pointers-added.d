BEGIN { x = (int *)4096 + (int *)4096; }
