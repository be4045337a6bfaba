BEGIN { strjoin("a", "b", "c"); }
