BEGIN { @a[1] = pid; }
