BEGIN { x = 5 % (3 - 3); }
