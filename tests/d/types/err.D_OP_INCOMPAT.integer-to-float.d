float f; BEGIN { f = 1; }
