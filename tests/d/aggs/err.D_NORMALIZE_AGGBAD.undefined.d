BEGIN { normalize(@nosuch, 5); }
