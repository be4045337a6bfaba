enum e { A`b };
BEGIN { exit(0); }
