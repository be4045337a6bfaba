BEGIN { x = curthread + curthread; }
