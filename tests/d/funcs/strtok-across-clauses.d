BEGIN { this->s = "a b c"; printf("%s", strtok(this->s, " ")); }
BEGIN { printf("%s", strtok(NULL, " ")); }
BEGIN { printf("%s\n", strtok(NULL, " ")); exit(0); }
