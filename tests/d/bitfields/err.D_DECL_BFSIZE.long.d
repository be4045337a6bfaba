struct s { long long a : 65; };
BEGIN { exit(0); }
