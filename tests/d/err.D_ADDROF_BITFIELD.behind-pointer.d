struct f { unsigned a : 3; };
BEGIN { x = &((struct f *)4096)->a; }
