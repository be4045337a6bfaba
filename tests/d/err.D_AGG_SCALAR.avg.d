BEGIN { @ = avg("x"); exit(0); }
