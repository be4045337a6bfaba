BEGIN { x = curthread * 2; }
