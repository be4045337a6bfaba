enum e { A }; signed enum e x;
BEGIN { exit(0); }
