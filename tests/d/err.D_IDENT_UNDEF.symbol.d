BEGIN { x = `no_such_symbol; }
