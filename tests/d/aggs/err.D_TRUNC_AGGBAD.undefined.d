BEGIN { trunc(@nosuch, 5); }
