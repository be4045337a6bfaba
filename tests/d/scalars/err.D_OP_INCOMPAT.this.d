BEGIN { this->x = "s"; this->x = 2; }
