BEGIN { probefunc = "f"; }
