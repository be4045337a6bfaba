inline string me = probename; inline int two = 1 + 1;
BEGIN { printf("%s %d\n", me, two); } END { printf("%s\n", me); } BEGIN { exit(0); }
