BEGIN { @ = min(5); @ = min(-3); @ = min(4); printa(@); exit(0); }
