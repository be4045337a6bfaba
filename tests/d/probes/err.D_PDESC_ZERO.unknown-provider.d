nosuchprovider:::go { exit(0); }
