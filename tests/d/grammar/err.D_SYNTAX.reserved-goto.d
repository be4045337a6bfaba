BEGIN { goto here; }
