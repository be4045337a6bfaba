struct s { char n[6]; }; struct s v;
BEGIN { v.n = "abc"; printf("[%s][%6s][%.2s]\n", v.n, v.n, v.n); exit(0); }
