struct node { int value; struct node *next; };
BEGIN { this->a = (struct node *)alloca(32); this->a->value = 1; this->a[1].value = 2; this->a->next = this->a + 1; printf("%d %d %d\n", this->a->value, this->a->next->value, sizeof (struct node)); exit(0); }
