BEGIN { x = "a" ^ "b"; }
