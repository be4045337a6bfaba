BEGIN { pid = "x"; }
