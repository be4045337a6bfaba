BEGIN { strtok("a"); }
