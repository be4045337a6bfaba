BEGIN { cleanpath(); }
