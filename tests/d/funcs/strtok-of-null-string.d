string n;
BEGIN { x = strtok(n, ","); printf("[%s]\n", x); exit(0); }
