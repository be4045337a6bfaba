struct s { char c[12]; };
BEGIN { this->p = (struct s *)1200; this->q = this->p + 3; printf("%d %d %d %d\n", (int)(this->q), this->q - this->p, (long)(1 + this->p), (long)(this->q - 1)); exit(0); }
