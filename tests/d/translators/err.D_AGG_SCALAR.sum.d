BEGIN { @ = sum(curpsinfo); }
