BEGIN { this->x = 1; trace(self->x); }
