BEGIN { w = 6; p = 2; printf("[%*d][%-*d][%.*s][%*.*s]\n", w, 5, w, 5, p, "abc", w, p, "xyz"); exit(0); }
