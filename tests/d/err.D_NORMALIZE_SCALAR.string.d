BEGIN { @ = count(); normalize(@, "x"); exit(0); }
