struct pair { int left; char name[4]; };
BEGIN { print((struct pair *)8); exit(1); }
BEGIN { exit(0); }
