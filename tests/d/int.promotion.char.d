/* What is narrower than int is computed as an int. */
BEGIN { this->c = (char)100; printf("%d %d\n", this->c + this->c, sizeof (this->c + this->c)); exit(0); }
