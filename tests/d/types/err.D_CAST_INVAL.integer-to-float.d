BEGIN { x = (float)1; }
