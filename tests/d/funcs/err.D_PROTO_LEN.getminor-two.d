BEGIN { getminor(1, 2); }
