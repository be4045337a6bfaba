BEGIN { jstack(5, 1, 2); }
