BEGIN { execname = 1; }
