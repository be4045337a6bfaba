BEGIN { x = (int *)4096 == (struct list_head *)4096; }
