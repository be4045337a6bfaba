BEGIN { @[strjoin("x", probename), substr("abc", 1)] = count(); exit(0); }
