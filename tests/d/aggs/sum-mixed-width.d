BEGIN { @ = sum((char)-1); @ = sum(4294967296); @ = sum((unsigned char)255); exit(0); }
