BEGIN { rindex("a"); }
