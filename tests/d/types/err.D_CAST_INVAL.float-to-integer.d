float f; BEGIN { x = (int)f; }
