BEGIN { dirname("a", "b"); }
