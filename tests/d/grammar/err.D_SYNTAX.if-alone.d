BEGIN { if; }
