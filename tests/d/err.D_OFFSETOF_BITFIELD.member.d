struct f { unsigned a : 3; };
BEGIN { x = offsetof(struct f, a); }
