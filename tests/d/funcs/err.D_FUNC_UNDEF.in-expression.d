BEGIN { x = nosuch(1) + 2; }
