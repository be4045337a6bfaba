/* a comment */
BEGIN /* inside */ { printf("/* not */ one\n"); /* ' */ exit(0); }
