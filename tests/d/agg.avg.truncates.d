BEGIN { @ = avg(1); @ = avg(2); @ = avg(2); printa(@); exit(0); }
