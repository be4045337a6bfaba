struct s { char c[8]; }; struct s v;
BEGIN { v.c = "wxyz"; this->p = (char *)alloca(8); bcopy(v.c, this->p, 8); printf("%s\n", stringof(this->p)); exit(0); }
