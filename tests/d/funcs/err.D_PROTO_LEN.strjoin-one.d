BEGIN { strjoin("a"); }
