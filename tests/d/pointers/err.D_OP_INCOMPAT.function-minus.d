int (*f)(int);
BEGIN { x = f - 1; }
