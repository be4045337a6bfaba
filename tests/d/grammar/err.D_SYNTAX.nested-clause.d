BEGIN { END { } }
