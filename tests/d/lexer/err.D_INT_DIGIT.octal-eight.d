BEGIN { trace(018); }
