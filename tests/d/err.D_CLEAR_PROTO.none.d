BEGIN { @ = count(); clear(); exit(0); }
