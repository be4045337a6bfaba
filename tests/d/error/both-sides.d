BEGIN { x = 0; trace(x != 0 && 5 / x); trace(x == 0 || 5 / x); trace(x ? 5 / x : 9); exit(0); }
