BEGIN { denormalize(4); }
