BEGIN { exit(0); } END /0/ { @ = count(); }
