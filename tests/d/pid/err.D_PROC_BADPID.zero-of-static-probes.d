work0:::step { }
