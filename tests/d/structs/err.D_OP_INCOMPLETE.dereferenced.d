union nosuch *p;
BEGIN { trace(p->a); }
