BEGIN { setopt("aggsortpos", "x"); exit(0); }
