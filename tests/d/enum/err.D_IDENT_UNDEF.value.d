enum e { A = nosuch };
BEGIN { exit(0); }
