BEGIN { strrchr("a", 'b', 'c'); }
