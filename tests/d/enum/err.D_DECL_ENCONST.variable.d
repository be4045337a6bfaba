int n;
enum e { A = n };
BEGIN { exit(0); }
