BEGIN { tracemem(curthread, -4); }
