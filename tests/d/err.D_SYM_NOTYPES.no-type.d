BEGIN { x = `_stext; }
