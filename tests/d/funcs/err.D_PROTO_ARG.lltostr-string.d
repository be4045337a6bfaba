BEGIN { lltostr("x"); }
