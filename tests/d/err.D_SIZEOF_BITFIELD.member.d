struct f { unsigned a : 3; }; struct f v;
BEGIN { x = sizeof (v.a); }
