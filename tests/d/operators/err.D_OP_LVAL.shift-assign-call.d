BEGIN { rand() <<= 1; }
