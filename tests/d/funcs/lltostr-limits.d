BEGIN { printf("%s %s %s\n", lltostr(0x7fffffffffffffff), lltostr(-9223372036854775807 - 1), lltostr(0)); exit(0); }
