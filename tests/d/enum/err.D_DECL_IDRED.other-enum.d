enum e { A, B };
enum f { C, A };
BEGIN { exit(0); }
