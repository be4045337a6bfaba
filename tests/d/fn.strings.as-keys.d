BEGIN { @[substr("abc", 1)] = count(); printa("%s %@d\n", @); exit(0); }
