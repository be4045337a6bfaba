struct in { int a; }; struct holder { struct in i; }; struct out { int b; }; struct holder h;
translator struct out < struct in *p > { b = p->a * 2; };
BEGIN { h.i.a = 21; printf("%d\n", xlate < struct out > (&h.i).b); exit(0); }
