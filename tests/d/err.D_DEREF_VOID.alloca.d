/* What alloca() gives is a void pointer. */
BEGIN { *alloca(4) = 1; }
