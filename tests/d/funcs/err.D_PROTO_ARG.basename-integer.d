BEGIN { basename(1); }
