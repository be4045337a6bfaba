BEGIN { x = curthread; exit(0); }
