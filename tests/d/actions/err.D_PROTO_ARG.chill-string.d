BEGIN { chill("long"); }
