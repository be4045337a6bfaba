BEGIN { printf("[%s][%s][%s][%s]\n", basename("//"), basename("a//"), basename(""), basename("/a b/c d")); exit(0); }
