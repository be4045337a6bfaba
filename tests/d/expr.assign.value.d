/* The value of an assignment is what the variable then holds. */
BEGIN { this->c = (char)0; x = (this->c = 300); printf("%d\n", x); exit(0); }
