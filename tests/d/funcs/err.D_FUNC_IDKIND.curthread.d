BEGIN { curthread(); }
