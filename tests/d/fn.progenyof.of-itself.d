BEGIN { printf("[%d]", progenyof($pid)); printf("[%d]", progenyof(1)); printf("[%d]", progenyof(0x7ffffff0)); printf("\n"); exit(0); }
