BEGIN { normalize(4, 5); }
