this int n; this string s;
BEGIN { printf("%d [%s]\n", this->n, this->s); exit(0); }
