BEGIN { trace("ab"); trace("cd"); exit(0); }
