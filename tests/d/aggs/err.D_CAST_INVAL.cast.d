BEGIN { @a = count(); x = (int)@a; }
