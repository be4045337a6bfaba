inline int twice[int x] = x * 2; inline string big[long n] = n > 10 ? "big" : "small"; BEGIN { i = 7; printf("%d %s %s\n", twice[twice[i]], big[i], big[i * 2]); exit(0); }
