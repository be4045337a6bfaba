/* A clause that records nothing prints no line; one without statements has the default action. */
BEGIN
{
	x = 1;
}

BEGIN
{
	@[x] = count();
}

BEGIN
{
}

BEGIN
{
	exit(0);
}
