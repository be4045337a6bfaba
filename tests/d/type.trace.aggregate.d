int a[2]; BEGIN { a[0] = 0x80424344; trace(a); exit(0); }
