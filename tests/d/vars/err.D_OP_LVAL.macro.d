BEGIN { $pid = 1; }
