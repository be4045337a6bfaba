BEGIN { basename("a", "b"); }
