BEGIN { cleanpath(5); }
