BEGIN { substr(5, 1); }
