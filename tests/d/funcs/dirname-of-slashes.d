BEGIN { printf("[%s][%s][%s][%s][%s]\n", dirname("//"), dirname("a//"), dirname(""), dirname("/a"), dirname("a//b//")); exit(0); }
