struct in { int a; };
translator int < struct in *i > { a = i->a; };
BEGIN { exit(0); }
