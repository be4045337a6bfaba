BEGIN { @ = max("x"); }
