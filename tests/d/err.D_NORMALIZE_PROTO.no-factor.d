BEGIN { @ = count(); normalize(@); exit(0); }
