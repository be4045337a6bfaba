BEGIN { @a = count(); printf(@a); }
