BEGIN { printf("[%d]", getmajor(0x800003)); printf("[%d]", getminor(0x800003)); printf("[%d]", getmajor(0)); printf("[%d]", getminor(0xfffff)); printf("\n"); exit(0); }
