BEGIN { x = curthread % 8; }
