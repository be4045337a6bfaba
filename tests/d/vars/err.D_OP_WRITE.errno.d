BEGIN { errno += 1; }
