BEGIN { @ = avg(0x7fffffffffffffff); @ = avg(0x7fffffffffffffff); printa(@); exit(0); }
