int uint8_t uint16_t;
BEGIN { exit(0); }
