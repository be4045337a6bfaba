BEGIN { $uid++; }
