BEGIN { x = chill(5); }
