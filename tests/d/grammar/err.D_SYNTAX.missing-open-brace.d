BEGIN x = 1; }
