BEGIN { @ = count(); clear(@, 1); exit(0); }
