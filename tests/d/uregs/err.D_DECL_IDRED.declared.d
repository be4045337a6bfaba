int uregs; BEGIN { exit(0); }
