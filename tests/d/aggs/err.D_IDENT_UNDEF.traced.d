BEGIN { trace(@nosuch); }
