BEGIN { s = speculation(); printf("x"); commit(s); }
