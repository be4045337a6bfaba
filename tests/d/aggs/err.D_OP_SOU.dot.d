BEGIN { @a = count(); x = @a.x; }
