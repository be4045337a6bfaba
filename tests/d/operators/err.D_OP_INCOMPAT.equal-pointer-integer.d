BEGIN { x = curthread == 5; }
