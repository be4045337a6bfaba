BEGIN { copyinstr(0, 1, 2); }
