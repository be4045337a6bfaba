BEGIN { printf("%s\n", basename(dirname(strjoin(strjoin("/a/", substr("xbyz", 1, 1)), "/c/d")))); exit(0); }
