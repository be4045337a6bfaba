BEGIN { substr("abc", "b"); }
