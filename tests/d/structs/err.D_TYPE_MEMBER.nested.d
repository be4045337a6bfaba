struct i { int a; };
struct o { struct i in; };
struct o v;
BEGIN { trace(v.in.b); }
