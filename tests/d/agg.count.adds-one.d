BEGIN { @ = count(); @ = count(); @ = count(); printa(@); exit(0); }
