unsigned char b[4];
BEGIN { b[0] = 65; b[1] = 66; b[2] = 67; b[3] = 68; trace(b); trace("|"); b[1] = 1; trace(b); exit(0); }
