BEGIN { x = -curthread; }
