BEGIN { strchr("a"); }
