void *p;
BEGIN { --p; }
