BEGIN { x = pid < "a"; }
