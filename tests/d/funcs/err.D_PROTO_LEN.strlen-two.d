BEGIN { strlen("a", "b"); }
