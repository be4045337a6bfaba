int (*f)(void, void);
BEGIN { exit(0); }
