BEGIN { printf("[%s][%s][%s][%s][%s]\n", cleanpath("/a/.."), cleanpath("//"), cleanpath("/a/b/../.."), cleanpath("/..a/.b"), cleanpath("/a/...")); exit(0); }
