BEGIN { printf("[%s][%s]\n", basename("a"), dirname("a")); }
BEGIN { printf("[%s][%s]\n", basename("/a"), dirname("/a")); }
BEGIN { printf("[%s][%s]\n", basename("a/"), dirname("a/")); }
BEGIN { printf("[%s][%s]\n", basename("/a/"), dirname("/a/")); }
BEGIN { printf("[%s][%s]\n", basename("/a/b"), dirname("/a/b")); }
BEGIN { printf("[%s][%s]\n", basename("a/b"), dirname("a/b")); }
BEGIN { printf("[%s][%s]\n", basename("/a//b//"), dirname("/a//b//")); }
BEGIN { printf("[%s][%s]\n", basename("//"), dirname("//")); }
BEGIN { printf("[%s][%s]\n", basename("/"), dirname("/")); }
BEGIN { printf("[%s][%s]\n", basename(""), dirname("")); }
BEGIN { printf("[%s][%s]\n", basename("."), dirname(".")); }
BEGIN { printf("[%s][%s]\n", basename(".."), dirname("..")); }
BEGIN { printf("[%s][%s]\n", basename("./"), dirname("./")); }
BEGIN { printf("[%s][%s]\n", basename("../x"), dirname("../x")); }
BEGIN { printf("[%s][%s]\n", basename("x/."), dirname("x/.")); }
BEGIN { printf("[%s][%s]\n", basename("/.."), dirname("/..")); }
BEGIN { printf("[%s][%s]\n", basename("a b/c"), dirname("a b/c")); }
BEGIN { exit(0); }
