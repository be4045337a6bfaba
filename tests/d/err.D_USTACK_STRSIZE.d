BEGIN { ustack(20, -1); }
