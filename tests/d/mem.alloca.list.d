/* A list of structs that point to each other. */
struct node { struct node *next; int value; };
BEGIN { this->n = (struct node *)alloca(48); this->n->value = 1; this->n->next = this->n + 1; this->n->next->value = 2; this->n->next->next = this->n + 2; this->n->next->next->value = 3; printf("%d %d\n", this->n[2].value, this->n->next->next->next == NULL); exit(0); }
