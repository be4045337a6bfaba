BEGIN { htons(); }
