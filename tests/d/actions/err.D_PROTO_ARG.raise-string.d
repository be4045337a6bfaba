BEGIN { raise("HUP"); }
