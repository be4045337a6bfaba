struct i { int a; }; struct o { int b; }; translator struct o < struct i *p > { b = p->a; }; struct o m[int]; BEGIN { n = 0; m[n++] = xlate <struct o> ((struct i *)curthread); }
