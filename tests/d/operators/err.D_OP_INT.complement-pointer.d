BEGIN { x = ~curthread; }
