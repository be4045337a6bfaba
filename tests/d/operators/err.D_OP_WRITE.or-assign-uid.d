BEGIN { uid |= 1; }
