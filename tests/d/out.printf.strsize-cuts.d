BEGIN { printf("%s\n", strjoin("12345678", "90")); exit(0); }
