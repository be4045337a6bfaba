BEGIN { this->a = strtok("x", "/"); this->b = strtok(NULL, "/"); printf("%s %d %d\n", this->a, this->b == NULL, this->b == ""); exit(0); }
