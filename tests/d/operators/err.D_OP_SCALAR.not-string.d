BEGIN { x = !"x"; }
