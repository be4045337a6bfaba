BEGIN { trace(uregs[R_NOSUCH]); }
