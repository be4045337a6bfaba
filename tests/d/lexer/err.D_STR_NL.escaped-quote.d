BEGIN { trace("one\"); exit(0); }
