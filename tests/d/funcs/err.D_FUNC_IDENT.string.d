BEGIN { "strlen"("x"); }
