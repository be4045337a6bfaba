/* The same typedef twice says nothing new. */
typedef int number;
typedef int number;
number n;
BEGIN { n = 5; printf("%d\n", n); exit(0); }
