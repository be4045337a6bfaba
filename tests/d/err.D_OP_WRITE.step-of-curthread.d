BEGIN { curthread->pid++; }
