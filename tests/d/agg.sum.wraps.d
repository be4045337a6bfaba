BEGIN { @ = sum(0x7fffffffffffffff); @ = sum(1); printa(@); exit(0); }
