BEGIN { curthread = 0; }
