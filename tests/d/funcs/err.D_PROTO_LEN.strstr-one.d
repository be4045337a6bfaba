BEGIN { strstr("a"); }
