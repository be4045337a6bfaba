BEGIN { trace(execname.a); }
