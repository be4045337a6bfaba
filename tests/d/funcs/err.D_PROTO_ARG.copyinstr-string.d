BEGIN { copyinstr("x"); }
