/* A key takes 24 bytes with its sum, so that 10 have room. */
BEGIN { @[1] = sum(1); @[2] = sum(2); @[3] = sum(3); @[4] = sum(4); @[5] = sum(5); @[6] = sum(6); @[7] = sum(7); @[8] = sum(8); @[9] = sum(9); @[10] = sum(10); @[11] = sum(11); @[12] = sum(12); @[13] = sum(13); @[14] = sum(14); @[15] = sum(15); @[16] = sum(16); @[17] = sum(17); exit(0); }
