/* A string constant is given to an inline of type string. */
inline string greeting = "hello";
BEGIN { printf("%s %d\n", greeting, strlen(greeting)); exit(0); }
