BEGIN { tracemem(curthread, pid); }
