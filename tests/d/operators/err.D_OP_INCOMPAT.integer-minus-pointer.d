int *p;
BEGIN { x = 5 - p; }
