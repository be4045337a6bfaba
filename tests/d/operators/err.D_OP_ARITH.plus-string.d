BEGIN { x = +"a"; }
