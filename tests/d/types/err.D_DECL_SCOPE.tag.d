struct mod`s { int a; };
BEGIN { exit(0); }
