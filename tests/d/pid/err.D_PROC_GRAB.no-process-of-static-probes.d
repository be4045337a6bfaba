work4194999:::step { }
