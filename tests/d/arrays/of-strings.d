string s[3];
BEGIN { s[0] = "a"; s[2] = "c"; printf("[%s][%s][%s]\n", s[0], s[1], s[2]); exit(0); }
