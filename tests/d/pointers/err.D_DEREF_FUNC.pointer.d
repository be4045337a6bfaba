BEGIN { x = *(int (*)(int))1; }
