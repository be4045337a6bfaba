BEGIN { this->a["x"] = 2; }
