BEGIN { strtok("a", 5); }
