BEGIN { lltostr(); }
