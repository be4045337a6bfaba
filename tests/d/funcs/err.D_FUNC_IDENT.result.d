BEGIN { rand()(1); }
