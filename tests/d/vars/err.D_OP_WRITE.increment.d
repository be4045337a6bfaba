BEGIN { tid++; }
