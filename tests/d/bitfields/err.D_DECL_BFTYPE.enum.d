enum e { A };
struct s { enum e a : 3; };
BEGIN { exit(0); }
