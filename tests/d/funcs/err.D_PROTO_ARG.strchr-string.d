BEGIN { strchr("abc", "b"); }
