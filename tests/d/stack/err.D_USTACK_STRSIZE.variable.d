BEGIN { jstack(5, pid); }
