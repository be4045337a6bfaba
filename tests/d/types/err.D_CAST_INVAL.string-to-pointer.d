BEGIN { trace((char *)"abc"); }
