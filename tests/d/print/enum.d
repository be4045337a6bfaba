enum light { RED = 1, AMBER, GREEN = 10, GO = 10 };
struct lamp { enum light now; enum light was[2]; };
struct lamp l;
enum light only;
BEGIN
{
	l.now = GREEN;
	l.was[0] = RED;
	l.was[1] = (enum light)7;
	only = AMBER;
	print(l);
	print(only);
	print((enum light)5);
	printf("%d\n", only);
	exit(0);
}
