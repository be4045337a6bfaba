BEGIN { @ = sum(5); @ = sum(-12); printa(@); exit(0); }
