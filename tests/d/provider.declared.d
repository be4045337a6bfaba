#pragma D attributes Evolving/Evolving/Common provider myserv provider
struct info { int code; };
translator struct info < int n > { code = n + 1; };
provider myserv
{
	probe start();
	probe stop(void);
	probe query__done(int code, char *, string) : (struct info code);
};
provider myserv { probe start(); };
BEGIN { printf("declared\n"); exit(0); }
