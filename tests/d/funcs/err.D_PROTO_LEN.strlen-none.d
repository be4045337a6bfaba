BEGIN { strlen(); }
