BEGIN { this->p = (char *)alloca(16); bcopy("AZ~", this->p, 3); tracemem(this->p, 3); exit(0); }
