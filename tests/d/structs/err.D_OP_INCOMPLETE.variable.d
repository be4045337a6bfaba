struct nosuch *p;
BEGIN { trace(p->a); }
