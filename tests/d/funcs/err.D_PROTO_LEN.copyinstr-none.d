BEGIN { copyinstr(); }
