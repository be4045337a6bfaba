BEGIN { @ = count(); denormalize(@, 2); exit(0); }
