float f; BEGIN { x = f * 2; }
