struct i { int a; }; struct o { int b; }; translator struct o < struct i *p > { b = p->a; }; int x; BEGIN { x = xlate <struct o> ((struct i *)0); }
