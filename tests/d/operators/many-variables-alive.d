BEGIN { a = 1; b = 2; c = 3; d = 4; printf("%d\n", (a + b) * (c + d) - (a * b) / (d - c) + ((a << b) | (c ^ d)) - ((d % c) - (b - a)) * ((c + a) * (d - b))); exit(0); }
