BEGIN { @["abcdef", 3] = count(); printa("%s %d\n", @); @b[3, "abcdef"] = count(); printa("%.*s|\n", @b); exit(0); }
