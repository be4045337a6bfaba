/* It points to the variable, not to what that held. */
char *p;
string s;
BEGIN { s = "abc"; p = s; s = "xyz"; printf("%s\n", stringof(p)); exit(0); }
END { printf("%c\n", p[2]); }
