enum e { A }; long enum e x;
BEGIN { exit(0); }
