enum side { LEFT = 3, RIGHT };
BEGIN { this->s = (enum side)4; printf("%d %d\n", this->s == RIGHT, sizeof (this->s)); exit(0); }
