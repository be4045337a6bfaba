BEGIN { @a = count() + count(); }
