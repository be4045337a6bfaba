123:::step { }
