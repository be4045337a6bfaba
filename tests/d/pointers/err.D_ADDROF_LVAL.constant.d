BEGIN { y = &5; }
